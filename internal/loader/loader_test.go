package loader

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// batch is what a data set would make: a function of epoch, step and indices.
func batch(_ context.Context, epoch, step int, idx []int) (string, error) {
	draw := rand.New(rand.NewPCG(uint64(epoch), uint64(step)))
	return fmt.Sprint(epoch, step, idx, draw.Uint64()), nil
}

func collect[B any](t *testing.T, p Plan, build Build[B]) []Item[B] {
	t.Helper()
	var items []Item[B]
	for item, err := range Run(t.Context(), p, build) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

func TestPlan(t *testing.T) {
	reverse := func(int) []int { return []int{4, 3, 2, 1, 0} }
	for _, c := range []struct {
		name string
		p    Plan
		want []Item[[]int]
	}{
		{"in order", Plan{N: 5, Batch: 2, Epochs: 2}, []Item[[]int]{
			{0, 0, false, []int{0, 1}, nil},
			{1, 0, false, []int{2, 3}, nil},
			{2, 0, true, []int{4}, nil},
			{3, 1, false, []int{0, 1}, nil},
			{4, 1, false, []int{2, 3}, nil},
			{5, 1, true, []int{4}, nil},
		}},
		{"full batches only", Plan{N: 5, Batch: 2, Epochs: 1, DropLast: true}, []Item[[]int]{
			{0, 0, false, []int{0, 1}, nil}, {1, 0, true, []int{2, 3}, nil},
		}},
		{"own order", Plan{N: 5, Batch: 3, Epochs: 1, Order: reverse, Shuffle: true}, []Item[[]int]{
			{0, 0, false, []int{4, 3, 2}, nil}, {1, 0, true, []int{1, 0}, nil},
		}},
		// Worked out by hack/goldens/shuffle/perm.py: epoch e is stream e.
		{"shuffled", Plan{N: 10, Batch: 6, Epochs: 2, Seed: 1, Shuffle: true}, []Item[[]int]{
			{0, 0, false, []int{7, 6, 1, 3, 2, 4}, nil},
			{1, 0, true, []int{8, 9, 0, 5}, nil},
			{2, 1, false, []int{2, 5, 8, 3, 4, 1}, nil},
			{3, 1, true, []int{7, 6, 0, 9}, nil},
		}},
		{"resumed in the second epoch", Plan{N: 10, Batch: 6, Epochs: 2, Seed: 1, Shuffle: true, Skip: 3}, []Item[[]int]{
			{3, 1, true, []int{7, 6, 0, 9}, nil},
		}},
		{"nothing left", Plan{N: 5, Batch: 2, Epochs: 2, Skip: 6}, nil},
		{"one batch larger than all", Plan{N: 2, Batch: 8, Epochs: 1}, []Item[[]int]{{0, 0, true, []int{0, 1}, nil}}},
	} {
		for _, workers := range []int{0, 1, 3} {
			c.p.Workers = workers
			got := collect(t, c.p, func(context.Context, int, int, []int) ([]int, error) { return nil, nil })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, %d workers (-want +got):\n%s", c.name, workers, diff)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	ok := Plan{N: 4, Batch: 2, Epochs: 1}
	for _, c := range []struct {
		change func(*Plan)
		want   string
	}{
		{func(*Plan) {}, ""},
		{func(p *Plan) { p.Skip = 2 }, ""},
		{func(p *Plan) { p.N = 0 }, "no examples"},
		{func(p *Plan) { p.Batch, p.Epochs = 0, -1 }, "batch 0: want 1 or more\nepochs -1: want 1 or more"},
		{func(p *Plan) { p.Batch, p.DropLast = 5, true }, "4 examples make no full batch of 5"},
		{func(p *Plan) { p.Workers, p.Ahead = -1, -2 }, "workers -1: want 0 or more\n-2 batches ahead: want 0 or more"},
		{func(p *Plan) { p.Skip = 3 }, "3 steps done of 2"},
		{func(p *Plan) { p.Skip = -1 }, "-1 steps done of 2"},
	} {
		p := ok
		c.change(&p)
		err := p.Validate()
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%+v: error %v, want %q", p, err, c.want)
		}
		n := 0
		for _, runErr := range Run(t.Context(), p, batch) {
			if n++; (runErr == nil) != (err == nil) {
				t.Errorf("%+v: Run's error %v, Validate's %v", p, runErr, err)
			}
		}
		if err != nil && n != 1 {
			t.Errorf("%+v: the error is yielded %d times", p, n)
		}
	}
}

// The batches are those of Indices, whatever the workers, ahead and skip; and an
// epoch holds each example once.
func TestRunEqualsIndices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{
			N: rapid.IntRange(1, 40).Draw(t, "n"), Batch: rapid.IntRange(1, 9).Draw(t, "batch"), Epochs: rapid.IntRange(1, 4).Draw(t, "epochs"),
			Seed: rapid.Uint64().Draw(t, "seed"), Shuffle: rapid.Bool().Draw(t, "shuffle"), DropLast: rapid.Bool().Draw(t, "drop last"),
		}
		p.DropLast = p.DropLast && p.N >= p.Batch
		p.Skip = rapid.IntRange(0, p.Steps()).Draw(t, "skip")
		p.Workers, p.Ahead = rapid.IntRange(0, 5).Draw(t, "workers"), rapid.IntRange(0, 7).Draw(t, "ahead")
		step, seen := p.Skip, []int(nil)
		for item, err := range Run(context.Background(), p, batch) {
			if err != nil {
				t.Fatal(err)
			}
			epoch, idx := p.Indices(step)
			want, _ := batch(context.TODO(), epoch, step, idx)
			if item.Step != step || item.Epoch != epoch || !slices.Equal(item.Indices, idx) || item.Batch != want {
				t.Fatalf("step %d: %+v, want epoch %d, indices %v", step, item, epoch, idx)
			}
			seen = append(seen, idx...)
			if item.EpochEnd {
				slices.Sort(seen)
				if n := len(slices.Compact(seen)); step-p.Skip >= p.StepsPerEpoch() && !p.DropLast && n != p.N {
					t.Fatalf("epoch %d has %d of %d examples", epoch, n, p.N)
				}
				seen = nil
			}
			step++
		}
		if step != p.Steps() {
			t.Fatalf("%d steps, want %d", step, p.Steps())
		}
		if _, idx := p.Indices(step); idx != nil {
			t.Fatalf("indices %v behind the end", idx)
		}
		if _, idx := p.Indices(-1); idx != nil {
			t.Fatalf("indices %v before the beginning", idx)
		}
	})
}

// An append to a step's indices must not write into the next step's.
func TestIndicesAreSeparate(t *testing.T) {
	p := Plan{N: 6, Batch: 2, Epochs: 1, Workers: 1}
	var got []int
	for item, err := range Run(t.Context(), p, batch) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item.Indices...)
		_ = append(item.Indices, -1)
	}
	if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("indices %v", got)
	}
}

// In a bubble of fake time, what is built when is exact: never more than Ahead
// beyond the consumer's, all of them in parallel, while the consumer works.
func TestAheadIsBoundedAndBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var built, running, most atomic.Int64
		build := func(context.Context, int, int, []int) (int, error) {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(time.Second)
			running.Add(-1)
			built.Add(1)
			return 0, nil
		}
		p := Plan{N: 20, Batch: 1, Epochs: 1, Workers: 3, Ahead: 4}
		start := time.Now()
		for item, err := range Run(t.Context(), p, build) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second) // the slow consumer
			synctest.Wait()
			if want := min(int64(item.Step)+1+4, 20); built.Load() != want {
				t.Errorf("step %d: %d batches built, want %d", item.Step, built.Load(), want)
			}
		}
		if most.Load() != 3 {
			t.Errorf("%d batches built at a time, want 3", most.Load())
		}
		if took := time.Since(start); took != 201*time.Second {
			t.Errorf("took %v: the consumer waited for more than the first batch", took)
		}
	})
}

// With one worker and nothing ahead but one batch, that one is built while the
// consumer works.
func TestOneAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		build := func(context.Context, int, int, []int) (int, error) {
			time.Sleep(time.Second)
			return 0, nil
		}
		start := time.Now()
		for _, err := range Run(t.Context(), Plan{N: 10, Batch: 1, Epochs: 1, Workers: 8, Ahead: 1}, build) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("took %v, want 11s", took)
		}
	})
}

var errBroken = errors.New("broken")

// The first error in the order of steps is yielded, though a later one is there
// earlier, once, and the steps before it are delivered.
func TestFirstErrorInOrder(t *testing.T) {
	for _, workers := range []int{0, 1, 4} {
		synctest.Test(t, func(t *testing.T) {
			build := func(_ context.Context, _, step int, _ []int) (int, error) {
				switch step {
				case 5:
					time.Sleep(time.Minute)
					return 0, fmt.Errorf("step %d: %w", step, errBroken)
				case 6:
					return 0, errors.New("later and faster")
				}
				return step, nil
			}
			var steps []int
			var errs []error
			for item, err := range Run(t.Context(), Plan{N: 100, Batch: 1, Epochs: 1, Workers: workers, Ahead: 8}, build) {
				steps = append(steps, item.Step)
				if err != nil {
					errs = append(errs, err)
				}
			}
			if !slices.Equal(steps, []int{0, 1, 2, 3, 4, 5}) || len(errs) != 1 || !errors.Is(errs[0], errBroken) {
				t.Errorf("%d workers: steps %v, errors %v", workers, steps, errs)
			}
		})
	}
}

func TestWrongOrder(t *testing.T) {
	for _, workers := range []int{0, 2} {
		p := Plan{N: 4, Batch: 2, Epochs: 3, Workers: workers, Order: func(epoch int) []int { return make([]int, 4-epoch/2) }}
		var steps []int
		var last error
		for item, err := range Run(t.Context(), p, batch) {
			steps, last = append(steps, item.Step), err
		}
		want := "loader: the order of epoch 2 has 3 examples, want 4"
		if !slices.Equal(steps, []int{0, 1, 2, 3, 4}) || last == nil || last.Error() != want {
			t.Errorf("%d workers: steps %v, last error %v", workers, steps, last)
		}
		if _, idx := p.Indices(4); idx != nil {
			t.Errorf("indices %v of a wrong order", idx)
		}
	}
}

// stops are the ways out of the loop.
var stops = map[string]func(ctx context.Context, p Plan, cancel func()) error{
	"break": func(ctx context.Context, p Plan, _ func()) error {
		for item, err := range Run(ctx, p, slow) {
			if err != nil {
				return err
			}
			if item.Step == 3 {
				break
			}
		}
		return nil
	},
	"return": func(ctx context.Context, p Plan, _ func()) error {
		for _, err := range Run(ctx, p, slow) {
			return err
		}
		return nil
	},
	"panic": func(ctx context.Context, p Plan, _ func()) (err error) {
		defer func() {
			if v := recover(); v != "stop" {
				err = fmt.Errorf("recovered %v", v)
			}
		}()
		for range Run(ctx, p, slow) {
			panic("stop")
		}
		return nil
	},
	"goexit": func(ctx context.Context, p Plan, _ func()) error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range Run(ctx, p, slow) {
				runtime.Goexit()
			}
		}()
		<-done
		return nil
	},
	"cancel": func(ctx context.Context, p Plan, cancel func()) error {
		n, errs := 0, 0
		for item, err := range Run(ctx, p, slow) {
			if n++; err != nil {
				if errs++; !errors.Is(err, context.Canceled) {
					return err
				}
			}
			if item.Step == 3 {
				cancel()
			}
		}
		if n != 5 || errs != 1 {
			return fmt.Errorf("%d items, %d errors", n, errs)
		}
		return nil
	},
	"cancelled before": func(ctx context.Context, p Plan, cancel func()) error {
		cancel()
		n := 0
		for _, err := range Run(ctx, p, slow) {
			if n++; !errors.Is(err, context.Canceled) || n > 1 {
				return fmt.Errorf("item %d: error %w", n, err)
			}
		}
		return nil
	},
	"twice": func(ctx context.Context, p Plan, _ func()) error {
		for seq, times := Run(ctx, p, slow), 0; times < 2; times++ {
			for item, err := range seq {
				if err != nil || item.Step != 0 {
					return fmt.Errorf("run %d begins at step %d: %w", times, item.Step, err)
				}
				break
			}
		}
		return nil
	},
}

var running atomic.Int64

// slow takes a while unless it is cancelled.
func slow(ctx context.Context, _, _ int, _ []int) (int, error) {
	running.Add(1)
	defer running.Add(-1)
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(time.Millisecond):
		return 0, nil
	}
}

// However the loop is left, no worker is in build any more at that moment, and
// goleak finds none later.
func TestNothingIsLeftRunning(t *testing.T) {
	for name, stop := range stops {
		for _, workers := range []int{0, 1, 4, 16} {
			t.Run(fmt.Sprint(name, workers), func(t *testing.T) {
				defer goleak.VerifyNone(t)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				p := Plan{N: 1000, Batch: 2, Epochs: 3, Workers: workers, Ahead: 2 * workers}
				if err := stop(ctx, p, cancel); err != nil {
					t.Error(err)
				}
				if n := running.Load(); n != 0 {
					t.Errorf("%d builds are running", n)
				}
			})
		}
	}
}

// A panic of build reaches the loop's goroutine, in its turn, with its stack.
func TestPanicOfBuild(t *testing.T) {
	for _, workers := range []int{0, 3} {
		delivered := 0
		func() {
			defer func() {
				v := fmt.Sprint(recover())
				if !strings.HasPrefix(v, "out of paper") || workers > 0 && !strings.Contains(v, "TestPanicOfBuild") {
					t.Errorf("%d workers: recovered %s", workers, v)
				}
			}()
			build := func(_ context.Context, _, step int, _ []int) (int, error) {
				if step == 4 {
					panic("out of paper")
				}
				return 0, nil
			}
			for range Run(t.Context(), Plan{N: 50, Batch: 1, Epochs: 1, Workers: workers}, build) {
				delivered++
			}
		}()
		if delivered != 4 {
			t.Errorf("%d workers: %d items before the panic, want 4", workers, delivered)
		}
	}
}

// A build that ends its goroutine, as t.FailNow does, is an error and no
// deadlock.
func TestGoexitOfBuild(t *testing.T) {
	build := func(_ context.Context, _, step int, _ []int) (int, error) {
		if step >= 2 {
			runtime.Goexit()
		}
		return 0, nil
	}
	n := 0
	var last error
	for _, err := range Run(t.Context(), Plan{N: 50, Batch: 1, Epochs: 1, Workers: 2}, build) {
		n, last = n+1, err
	}
	if n != 3 || last == nil || last.Error() != "loader: the build of a batch ended its goroutine" {
		t.Errorf("%d items, last error %v", n, last)
	}
}

func ExampleRun() {
	p := Plan{N: 5, Batch: 2, Epochs: 2, Seed: 42, Shuffle: true, Workers: 4}
	squares := func(_ context.Context, _, _ int, idx []int) (sum int, err error) {
		for _, i := range idx {
			sum += i * i
		}
		return sum, nil
	}
	for item, err := range Run(context.Background(), p, squares) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.Epoch, item.Step, item.Indices, item.Batch, item.EpochEnd)
	}
	// Output:
	// 0 0 [1 2] 5 false
	// 0 1 [0 3] 9 false
	// 0 2 [4] 16 true
	// 1 3 [4 3] 25 false
	// 1 4 [1 2] 5 false
	// 1 5 [0] 0 true
}

// What a step costs beside its batch, a shuffle of a million spread over its
// epoch included.
func BenchmarkRun(b *testing.B) {
	empty := func(context.Context, int, int, []int) (struct{}, error) { return struct{}{}, nil }
	for _, workers := range []int{0, 1, 2, 8} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			p := Plan{N: 1_000_000, Batch: 32, Epochs: 1 << 30, Shuffle: true, Workers: workers}
			n := 0
			for range Run(b.Context(), p, empty) {
				if n++; n >= b.N {
					break
				}
			}
		})
	}
}
