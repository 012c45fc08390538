package torch_test

import (
	"errors"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

func wantClosed(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, torch.ErrClosed) {
		t.Errorf("%s: got %v, want ErrClosed", what, err)
	}
}

func TestClosedScope(t *testing.T) {
	rt := one(t)
	s := rt.Scope(torch.Mode{Grad: true})
	x := s.Ones(torch.Float32, 2)
	mustClose(t, s)
	mustClose(t, s) // harmless
	if x.Alive() || x.Shape() != nil || x.Numel() != 0 || x.String() != "closed" || x.RequiresGrad() {
		t.Errorf("a closed tensor says of itself: %v, shape %v, %d elements", x, x.Shape(), x.Numel())
	}
	if y := s.Ones(torch.Float32, 2); y.Alive() {
		t.Error("a closed scope made a tensor")
	}
	wantClosed(t, "operation on a closed scope", s.Err())
	wantClosed(t, "third Close", s.Close())

	sub := s.Sub(torch.Mode{})
	sub.Ones(torch.Float32, 2)
	wantClosed(t, "scope within a closed one", sub.Close())

	other := rt.Scope(torch.Mode{})
	defer other.Close()
	other.ReLU(x)
	wantClosed(t, "operation on a closed tensor", other.Err())
	wantClosed(t, "CopyOut", torch.CopyOut(make([]float32, 2), x))
	wantClosed(t, "CopyIn", torch.CopyIn(x, make([]byte, 8), torch.Float32))
	_, err := torch.CopyBytes(x)
	wantClosed(t, "CopyBytes", err)
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}

// A tensor of an inner scope dies with it, unless it is handed out.
func TestTensorsOfInnerScope(t *testing.T) {
	rt := one(t)
	s := scope(t, rt, torch.Mode{})
	sub := s.Sub(torch.Mode{})
	kept, lost := sub.Return(sub.Full(3, torch.Float32)), sub.Ones(torch.Float32)
	mustClose(t, sub)
	if v := s.Float(kept); v != 3 {
		t.Errorf("the returned tensor reads %v, want 3", v)
	}
	if lost.Alive() {
		t.Error("a tensor outlived its scope")
	}
	if y := s.Return(kept); y != kept || !y.Alive() {
		t.Error("Return on an outermost scope is not the tensor itself")
	}
	if s.Return(nil) != nil {
		t.Error("Return(nil) is not nil")
	}
}

func TestClosedStore(t *testing.T) {
	rt := one(t)
	st := rt.NewStore()
	p := param(t, st, "w", torch.Constant(1), 2)
	b, err := st.Buffer("b", torch.Int64, torch.Constant(0))
	if err != nil {
		t.Fatal(err)
	}
	l := layer[*torch.Linear](t)(torch.NewLinear(st, "l", 2, 2, zero, zero))
	if err := b.SetTrainable(true); err == nil {
		t.Error("a buffer can be trained")
	}
	st.Close()
	st.Close() // harmless
	_, err = st.Param("v", torch.Constant(1), 2)
	wantClosed(t, "Param", err)
	wantClosed(t, "SetTrainable", p.SetTrainable(true))
	if p.Trainable() {
		t.Error("a closed parameter trains")
	}
	s := rt.Scope(torch.Mode{})
	l.Forward(s, s.Ones(torch.Float32, 2))
	wantClosed(t, "Forward", s.Close())
	if got := l.String(); got == "" {
		t.Error("a closed layer has no name")
	}
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}

func TestTakenName(t *testing.T) {
	st := store(t, one(t))
	param(t, st, "w", zero, 2)
	if _, err := st.Param("w", zero, 2); err == nil {
		t.Error("two parameters of one name")
	}
	if len(st.All()) != 1 {
		t.Errorf("%d parameters, want 1", len(st.All()))
	}
}

// What was open when the runtime closed is a leak; it stops working, can still
// be freed, and does not touch the runtime opened next.
func TestClosedRuntime(t *testing.T) {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	torch.Track(rt)
	s, st := rt.Scope(torch.Mode{}), rt.NewStore()
	x := s.Ones(torch.Float32, 2)
	if rt.Close() == nil {
		t.Error("no leak reported")
	}
	if err := rt.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}

	s.ReLU(x)
	wantClosed(t, "operation", s.Err())
	_, err = st.Param("w", zero, 2)
	wantClosed(t, "Param", err)
	wantClosed(t, "Seed", rt.Seed(1))
	_, err = rt.RNGState()
	wantClosed(t, "RNGState", err)
	wantClosed(t, "SetRNGState", rt.SetRNGState([][]byte{{1}}))
	wantClosed(t, "Synchronize", rt.Synchronize())
	_, err = rt.CUDAMemory()
	wantClosed(t, "CUDAMemory", err)

	late := rt.Scope(torch.Mode{})
	late.Ones(torch.Float32)
	wantClosed(t, "scope on a closed runtime", late.Err())
	wantClosed(t, "its Close", late.Close())
	lateStore := rt.NewStore()
	_, err = lateStore.Param("w", zero, 2)
	wantClosed(t, "store on a closed runtime", err)
	lateStore.Close()

	s.Close()
	st.Close()
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive after all closed", rt.Live())
	}
}

// Closing on another goroutine would unlock that one's thread, or none, and
// leave the opener's modes behind: it is an error that names the scope.
func TestScopeClosedOnAnotherGoroutine(t *testing.T) {
	rt := one(t)
	opened, done := make(chan *torch.Scope), make(chan struct{})
	go func() { // stays on its thread, which ends with it
		s := rt.Scope(torch.Mode{})
		s.Ones(torch.Float32, 2)
		opened <- s
		<-done
	}()
	s := <-opened
	err := s.Close()
	close(done)
	if err == nil {
		t.Error("no error")
	}
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}
