package torch_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// A model may close while other goroutines compute with it: what has begun ends, what
// begins later is an error, and the last to end frees the weights.
func TestStoreClosesBesideScopes(t *testing.T) {
	rt := one(t)
	before := rt.Live()
	for range 20 {
		st := rt.NewStore()
		var layers []*torch.Linear
		for _, name := range []string{"a", "b", "c"} {
			l, err := torch.NewLinear(st, name, 64, 64, torch.Normal(0, 0.1), torch.Constant(0))
			if err != nil {
				t.Fatal(err)
			}
			layers = append(layers, l)
		}
		var wg sync.WaitGroup
		begun := make(chan struct{}, 3)
		for range cap(begun) {
			wg.Go(func() {
				for first := true; ; first = false {
					s := rt.Scope(rt.EvalMode())
					x := s.Ones(torch.Float32, 16, 64)
					for _, l := range layers {
						x = l.Forward(s, x)
						if first {
							begun <- struct{}{}
							first = false
						}
					}
					if err := s.Close(); err != nil {
						if !errors.Is(err, torch.ErrClosed) {
							t.Errorf("error %v, want ErrClosed", err)
						}
						return
					}
				}
			})
		}
		for range cap(begun) {
			<-begun
		}
		st.Close()
		if layers[0].Weight.T.Alive() || layers[0].Weight.T.String() != "closed" {
			t.Error("a weight is alive after its store closed")
		}
		st.Close()
		wg.Wait()
	}
	if got := rt.Live(); got != before {
		t.Errorf("%d tensors are alive, want %d", got, before)
	}
}

// A scope that was open keeps what it works with until it closes.
func TestScopeOutlivesStore(t *testing.T) {
	rt := one(t)
	before := rt.Live()
	st := rt.NewStore()
	p, err := st.Param("w", torch.Constant(2), 3)
	if err != nil {
		t.Fatal(err)
	}
	s := rt.Scope(rt.EvalMode())
	y := s.MulScalar(p.T, 2)
	st.Close()
	if got := s.Float(s.Sum(y)); got != 12 {
		t.Errorf("%g, want 12", got)
	}
	s.MulScalar(p.T, 2)
	if err := s.Close(); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
	if got := rt.Live(); got != before {
		t.Errorf("%d tensors are alive, want %d", got, before)
	}
}

// What is read after an error compares well with no bound.
func TestFloatAfterAnError(t *testing.T) {
	rt := one(t)
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	loss := s.Sum(s.Add(s.Ones(torch.Float32, 2), s.Ones(torch.Float32, 3)))
	if got := s.Float(loss); !math.IsNaN(got) || s.Err() == nil {
		t.Errorf("%g, error %v", got, s.Err())
	}
}

// What a store writes comes back through the file's path.
func TestOpenWeights(t *testing.T) {
	rt := one(t)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	st, other := rt.NewStore(), rt.NewStore()
	defer st.Close()
	defer other.Close()
	for v, s := range []*torch.Store{st, other} {
		if _, err := s.Param("w", torch.Constant(float64(v)), 3); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.WriteSafetensors(path, nil); err != nil {
		t.Fatal(err)
	}
	w, err := torch.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.CopyFrom(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	if got := s.Float(s.Sum(st.Get("w").T)); got != 3 {
		t.Errorf("the sum is %g, want 3", got)
	}
	if err := st.CopyFrom(w); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
	again := rt.NewStoreFrom(w.Source())
	defer again.Close()
	if _, err := again.Param("w", torch.Constant(0), 3); err == nil {
		t.Error("a parameter was made of a closed file")
	}
	if _, err := torch.OpenWeights(filepath.Join(t.TempDir(), "no.safetensors")); err == nil || !strings.Contains(err.Error(), "no.safetensors") {
		t.Errorf("error %v", err)
	}
}
