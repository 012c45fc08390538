package torch_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// line returns file:line, that many lines after its caller's.
func line(after int) string {
	_, file, n, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, n+after)
}

// openStep stands for a package that opens scopes for its own callers.
func openStep(rt *torch.Runtime) (*torch.Scope, string) {
	place := line(1)
	return rt.Scope(rt.TrainMode()), place
}

// Each case leaves an owner open and returns it with the place to be named.
var leaks = map[string]func(rt *torch.Runtime) (closeIt func(), places []string){
	"scope": func(rt *torch.Runtime) (func(), []string) {
		place := line(1)
		s := rt.Scope(torch.Mode{})
		s.Ones(torch.Float32, 2)
		return func() { s.Close() }, []string{"a scope opened at " + place + " still holds 1 tensors"}
	},
	"sub": func(rt *torch.Runtime) (func(), []string) {
		s, outer := openStep(rt)
		place := line(1)
		sub := s.Sub(torch.Mode{})
		sub.Add(sub.Ones(torch.Float32), sub.Ones(torch.Float32))
		return func() { s.Close() }, []string{
			"a scope opened at " + outer + " still holds 0 tensors",
			"a scope opened at " + place + " still holds 3 tensors",
		}
	},
	"no grad": func(rt *torch.Runtime) (func(), []string) {
		s, _ := openStep(rt)
		place := line(1)
		s.NoGrad()
		return func() { s.Close() }, []string{"a scope opened at " + place}
	},
	"wrapper of another package": func(rt *torch.Runtime) (func(), []string) {
		s, place := openStep(rt)
		return func() { s.Close() }, []string{"a scope opened at " + place}
	},
	"store": func(rt *torch.Runtime) (func(), []string) {
		place := line(1)
		st := rt.NewStore()
		if _, err := torch.NewLinear(st, "l", 2, 3, torch.Constant(0), torch.Constant(0)); err != nil {
			panic(err)
		}
		return st.Close, []string{"a store opened at " + place + " still holds 2 tensors"}
	},
	"store from a source": func(rt *torch.Runtime) (func(), []string) {
		place := line(1)
		st := rt.NewStoreFrom(arrays{}.source)
		return st.Close, []string{"a store opened at " + place}
	},
	"closure": func(rt *torch.Runtime) (func(), []string) {
		var s *torch.Scope
		var place string
		func() { place, s = line(0), rt.Scope(torch.Mode{}) }()
		return func() { s.Close() }, []string{"a scope opened at " + place}
	},
	"several": func(rt *torch.Runtime) (func(), []string) {
		a, placeA := openStep(rt)
		placeB := line(1)
		b := rt.NewStore()
		return func() { a.Close(); b.Close() }, []string{placeA, placeB}
	},
}

func TestCloseNamesThePlacesOfLeaks(t *testing.T) {
	for name, leave := range leaks {
		t.Run(name, func(t *testing.T) {
			rt, err := torch.Open(torch.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			torch.Track(rt)
			closeIt, places := leave(rt)
			err = rt.Close()
			closeIt()
			if err == nil {
				t.Fatal("no leak reported")
			}
			for _, place := range places {
				if !strings.Contains(err.Error(), place) {
					t.Errorf("got %q, want it to name %q", err, place)
				}
			}
			if lines := strings.Count(err.Error(), "\n") + 1; name != "no grad" && lines != len(places) {
				t.Errorf("%d leaks reported, want %d:\n%v", lines, len(places), err)
			}
			if n := rt.Live(); n != 0 {
				t.Errorf("%d tensors alive after the owner closed late", n)
			}
			if err := rt.Close(); err != nil {
				t.Errorf("a second Close reports again: %v", err)
			}
		})
	}
}
