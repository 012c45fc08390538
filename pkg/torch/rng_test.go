package torch_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/torch"
)

// mask draws a dropout mask: 0 where dropped, 2 elsewhere.
func mask(t *testing.T, rt *torch.Runtime) []float32 {
	t.Helper()
	s := rt.Scope(torch.Mode{Train: true})
	defer mustClose(t, s)
	return s.Floats(s.Dropout(s.Ones(torch.Float32, 1000), 0.5))
}

func TestSeedDecidesDropout(t *testing.T) {
	rt := one(t)
	seeded := func(seed uint64) []float32 {
		if err := rt.Seed(seed); err != nil {
			t.Fatal(err)
		}
		return mask(t, rt)
	}
	a := seeded(7)
	if b := seeded(7); !slices.Equal(a, b) {
		t.Error("the same seed gives another mask")
	}
	if b := mask(t, rt); slices.Equal(a, b) {
		t.Error("the next mask is the same")
	}
	if b := seeded(8); slices.Equal(a, b) {
		t.Error("another seed gives the same mask")
	}
	if b := seeded(1<<31 + 7); slices.Equal(a, b) {
		t.Error("a seed that differs in its 32nd bit gives the same mask")
	}
	kept := 0
	for _, v := range a {
		if v != 0 {
			kept++
		}
	}
	if kept < 400 || kept > 600 { // six standard deviations
		t.Errorf("%d of 1000 kept at 0.5", kept)
	}
}

func TestSeedDecidesWeights(t *testing.T) {
	draw := func(seed uint64) []float32 {
		rt, err := torch.Open(torch.Options{Threads: 1, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		torch.Track(rt)
		defer rt.Close()
		st := rt.NewStore()
		defer st.Close()
		out := make([]float32, 64)
		if err := torch.CopyOut(out, weight(t, st, "w", torch.Normal(0, 1), 64)); err != nil {
			t.Fatal(err)
		}
		return out
	}
	a := draw(3)
	if !slices.Equal(a, draw(3)) || slices.Equal(a, draw(4)) {
		t.Error("weights do not follow the runtime's seed")
	}
}

func TestRNGStateIsRestored(t *testing.T) {
	rt := one(t)
	mask(t, rt)
	state, err := rt.RNGState()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float32{mask(t, rt), mask(t, rt)}
	if err := rt.Seed(99); err != nil {
		t.Fatal(err)
	}
	if err := rt.SetRNGState(state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, [][]float32{mask(t, rt), mask(t, rt)}); diff != "" {
		t.Errorf("masks after the restored state (-want +got):\n%s", diff)
	}
}

func TestBadRNGStates(t *testing.T) {
	rt := one(t)
	good, err := rt.RNGState()
	if err != nil {
		t.Fatal(err)
	}
	before := mask(t, rt)
	if err := rt.SetRNGState(good); err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string][][]byte{
		"none":        nil,
		"empty":       {{}},
		"truncated":   {good[0][:100]},
		"longer":      {append(slices.Clone(good[0]), 1)},
		"two":         {good[0], good[0]},
		"not a state": {make([]byte, len(good[0]))},
	} {
		if err := rt.SetRNGState(state); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if !slices.Equal(mask(t, rt), before) {
		t.Error("a refused state changed the generator")
	}
}

func TestDropoutOutsideTrainingIsTheIdentity(t *testing.T) {
	rt := one(t)
	s := scope(t, rt, torch.Mode{Grad: true})
	x := s.Ones(torch.Float32, 8)
	if s.Dropout(x, 0.5) != x {
		t.Error("dropout in evaluation is not its input")
	}
	train := s.Sub(torch.Mode{Grad: true, Train: true})
	defer train.Close()
	if train.Dropout(x, 0) != x {
		t.Error("dropout of 0 is not its input")
	}
	if got := train.Floats(train.Dropout(x, 1)); slices.Max(got) != 0 {
		t.Errorf("dropout of 1 gives %v, want zeros", got)
	}
}
