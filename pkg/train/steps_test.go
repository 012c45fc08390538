package train_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

func count(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// However the loop ends, what its body made is freed and the gradient mode is as
// before.
func TestStepsFreeWhateverHappens(t *testing.T) {
	boom := errors.New("boom")
	ends := map[string]func(ctx context.Context, cancel func()) error{
		"finished": func(ctx context.Context, _ func()) error {
			for s, err := range train.Steps(ctx, rt, count(5)) {
				if err != nil {
					return err
				}
				s.Ones(torch.Float32, 10)
			}
			return nil
		},
		"break": func(ctx context.Context, _ func()) error {
			for s, err := range train.Steps(ctx, rt, count(5)) {
				s.Ones(torch.Float32, 10)
				if s.Index == 2 {
					break
				}
				_ = err
			}
			return nil
		},
		"return": func(ctx context.Context, _ func()) error {
			for s, err := range train.Steps(ctx, rt, count(5)) {
				s.Ones(torch.Float32, 10)
				return errors.Join(err, boom)
			}
			return nil
		},
		"panic": func(ctx context.Context, _ func()) (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = boom
				}
			}()
			for s := range train.Steps(ctx, rt, count(5)) {
				s.Sub(torch.Mode{}).Ones(torch.Float32, 10)
				panic("in the body")
			}
			return nil
		},
		"cancel": func(ctx context.Context, cancel func()) error {
			for s, err := range train.Steps(ctx, rt, count(5)) {
				if err != nil {
					return err
				}
				s.Ones(torch.Float32, 10)
				cancel()
			}
			return nil
		},
		"bad operation": func(ctx context.Context, _ func()) error {
			for s, err := range train.Steps(ctx, rt, count(5)) {
				if err != nil {
					return err
				}
				s.Add(s.Ones(torch.Float32, 2), s.Ones(torch.Float32, 3))
			}
			return nil
		},
	}
	wants := map[string]error{"return": boom, "panic": boom, "cancel": context.Canceled}
	for name, run := range ends {
		t.Run(name, func(t *testing.T) {
			live := rt.Live()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			err := run(ctx, cancel)
			if n := rt.Live(); n != live {
				t.Errorf("%d tensors alive, %d before", n, live)
			}
			switch want := wants[name]; {
			case name == "bad operation":
				var op *torch.OpError
				if !errors.As(err, &op) || op.Op != "add" {
					t.Errorf("error %v, want add's", err)
				}
			case !errors.Is(err, want):
				t.Errorf("error %v, want %v", err, want)
			}
			s := rt.Scope(torch.Mode{Grad: true})
			defer s.Close()
		})
	}
}

// The loader's own error ends the loop.
func TestStepsPassTheLoadersError(t *testing.T) {
	boom := errors.New("boom")
	batches := func(yield func(int, error) bool) {
		if yield(0, nil) {
			yield(0, boom)
		}
	}
	var got error
	steps := 0
	for _, err := range train.Steps(context.Background(), rt, batches) {
		if err != nil {
			got = err
			continue
		}
		steps++
	}
	if steps != 1 || !errors.Is(got, boom) {
		t.Errorf("%d steps and error %v, want 1 and boom", steps, got)
	}
}
