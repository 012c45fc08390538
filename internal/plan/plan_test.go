package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotune/gotune/pkg/freeze"
)

func set(prefix string, labels, sizes []int, contents string) Set {
	s := Set{Labels: labels, Sizes: sizes, Name: func(i int) string { return fmt.Sprintf("%s:%d", prefix, i+1) }}
	for _, c := range contents {
		s.Hashes = append(s.Hashes, Hash{byte(c)})
	}
	return s
}

func TestDescribe(t *testing.T) {
	d := Describe(Scan{
		Unit: "sequences", What: "tokens", Classes: []string{"neg", "pos"}, Limit: 100,
		Training:   set("t", []int{0, 1, 1, 0, 1, 1}, []int{10, 20, 100, 101, 300, 50}, "abcaxc"),
		Validation: set("v", []int{0, 0}, []int{5, 6}, "zb"),
	})
	if d.Training != 6 || d.Validation != 2 {
		t.Errorf("%d and %d examples", d.Training, d.Validation)
	}
	if diff := cmp.Diff([]ClassCount{{"neg", 2, 2}, {"pos", 4, 0}}, d.Classes); diff != "" {
		t.Error(diff)
	}
	// a twice in one class, c twice in one, b in both sets.
	want := Duplicates{Training: 2, Validation: 1, Pairs: [][2]string{{"t:2", "v:2"}}}
	if diff := cmp.Diff(want, d.Duplicates); diff != "" {
		t.Error(diff)
	}
	s := d.Sizes
	if s.Min != 10 || s.Max != 300 || s.Beyond != 2 || math.Abs(s.Fraction-1.0/3) > 1e-12 || s.Mean < 96 || s.Mean > 97 {
		t.Errorf("sizes %+v", s)
	}
	if d.Smallest().Name != "neg" || d.Largest().Name != "pos" {
		t.Errorf("smallest %v, largest %v", d.Smallest(), d.Largest())
	}
}

func TestPicturesSmallerThanTheInput(t *testing.T) {
	d := Describe(Scan{What: "pixels", Classes: []string{"a"}, Limit: 224, Training: set("t", []int{0, 0, 0}, []int{100, 224, 500}, "abc")})
	if d.Sizes.Beyond != 1 {
		t.Errorf("%d pictures are enlarged, want 1", d.Sizes.Beyond)
	}
}

func TestCopiesOfAnotherClass(t *testing.T) {
	d := Describe(Scan{Classes: []string{"a", "b"}, Training: set("t", []int{0, 1, 1}, []int{1, 1, 1}, "xxy")})
	if d.Duplicates.Training != 1 || d.Duplicates.Conflicting != 1 || d.Duplicates.Pairs[0] != [2]string{"t:1", "t:2"} {
		t.Errorf("%+v", d.Duplicates)
	}
}

// Every size is counted, in its bin, and the quantiles are in order.
func TestHistogramHoldsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 5000), 1, 300).Draw(t, "sizes")
		d := Describe(Scan{What: "tokens", Limit: 512, Training: Set{Labels: make([]int, len(sizes)), Sizes: sizes}})
		s, n := d.Sizes, 0
		for i, b := range s.Histogram {
			n += b.Count
			in := 0
			for _, v := range sizes {
				if v >= b.From && v <= b.To {
					in++
				}
			}
			if in != b.Count {
				t.Errorf("bin %d-%d counts %d, holds %d", b.From, b.To, b.Count, in)
			}
			if i > 0 && b.From != s.Histogram[i-1].To+1 {
				t.Errorf("a gap before %d", b.From)
			}
		}
		if n != len(sizes) || len(s.Histogram) > 12 {
			t.Errorf("%d of %d in %d bins", n, len(sizes), len(s.Histogram))
		}
		q := []int{s.Min, s.P5, s.P25, s.Median, s.P75, s.P95, s.Max}
		for i := 1; i < len(q); i++ {
			if q[i] < q[i-1] {
				t.Errorf("quantiles %v", q)
			}
		}
	})
}

func loads(s Split, examples ...int) []Load {
	var out []Load
	for _, p := range s.Parts(examples) {
		out = append(out, p.Load)
	}
	return out
}

func TestLoads(t *testing.T) {
	sizes := []int{10, 900, 30, 40, 50}
	split := Split{Micro: 2, Sizes: sizes, Limit: 512}
	if d := cmp.Diff([]Load{{2, 512}, {2, 40}, {1, 50}}, loads(split, 0, 1, 2, 3, 4)); d != "" {
		t.Error(d)
	}
	split.Tokens, split.Micro = 100, 3 // the long text alone, the others as many as fit
	if d := cmp.Diff([]Load{{1, 512}, {2, 50}, {2, 30}}, loads(split, 0, 1, 2, 3, 4)); d != "" {
		t.Error(d)
	}
	if got := split.Parts([]int{4, 0, 1}); !slices.Equal(got[1].Examples, []int{4, 0}) {
		t.Errorf("examples %v, want 4 and 0", got[1].Examples)
	}
	if d := cmp.Diff([]Load{{3, 1}}, loads(Split{Micro: 8, Limit: 224, Tokens: 2}, 0, 1, 2)); d != "" {
		t.Error(d)
	}
}

// A line through exact samples gives them back; noise never gives negative times.
func TestFit(t *testing.T) {
	var exact []Sample
	for _, w := range []float64{100, 400, 1000} {
		exact = append(exact, Sample{Work: w, Compute: seconds(0.5 + 0.002*w), Build: seconds(0.001 * w)})
	}
	s := Fit(exact)
	if got := s.Of(700, 2); got < 1899*time.Millisecond || got > 1901*time.Millisecond {
		t.Errorf("%v for work of 700", got)
	}
	if got := s.Of(700, 0); got < 2599*time.Millisecond || got > 2601*time.Millisecond {
		t.Errorf("%v where the batch is built in the loop", got)
	}
	if (Fit(nil) != Speed{}) || Fit(nil).Of(5, 1) != 0 {
		t.Error("a speed from nothing")
	}
	rapid.Check(t, func(t *rapid.T) {
		var noisy []Sample
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			noisy = append(noisy, Sample{Work: rapid.Float64Range(1, 1e5).Draw(t, "work"), Compute: seconds(rapid.Float64Range(0, 10).Draw(t, "seconds"))})
		}
		f := Fit(noisy)
		if f.Fixed < 0 || f.PerWork < 0 || f.Of(1e6, 1) < 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestMemory(t *testing.T) {
	m := Memory{Base: 1, Weights: 2, Gradients: 3, Optimizer: 4, Activations: 5, Batches: 6, Cache: 7, Checkpoint: 8, Available: 28}.WithPeak()
	if m.Peak != 36 || !m.Short() {
		t.Errorf("%+v, short %v", m, m.Short())
	}
	m.Available = 29 // the cache's pages give way
	if m.Short() {
		t.Error("short of memory that there is")
	}
	m.Device = 9
	if m.DeviceShort() { // how much there is is not known
		t.Error("short of a GPU's memory")
	}
	if m.DeviceAvailable = 8; !m.DeviceShort() || m.Short() {
		t.Errorf("%+v: short %v, on the GPU %v", m, m.Short(), m.DeviceShort())
	}
	if got := Extrapolate(1, 100, 3, 140, 10); got != 280 {
		t.Errorf("extrapolated %d, want 280", got)
	}
	if got := Extrapolate(2, 100, 2, 100, 10); got != 500 {
		t.Errorf("from one batch %d, want 500", got)
	}
}

func good() (Facts, Data) {
	f := Facts{LR: 5e-5, Family: "text", TrainsBody: true, Dropout: true, Batch: 16, Micro: 16, EvalBatch: 32, Epochs: 3, StepsPerEpoch: 100, MaxPositions: 512}
	d := Data{
		Training: 1600, Validation: 400, Classes: []ClassCount{{"neg", 800, 200}, {"pos", 800, 200}},
		Sizes: Sizes{What: "tokens", Limit: 256, P95: 300, Fraction: 0.05}, Unit: "sequences",
	}
	return f, d
}

func TestNoWarningsOfAGoodRun(t *testing.T) {
	f, d := good()
	if w := Warnings(f, d, Memory{}); len(w) != 0 {
		t.Errorf("%v", w)
	}
}

// Each fault alone gives one warning, which says what and what to do.
func TestWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Facts, *Data, *Memory)
		about string
		says  string
	}{
		"rate for BERT":   {func(f *Facts, _ *Data, _ *Memory) { f.LR = 1e-3 }, "--lr", "0.001 is high for pretrained layers"},
		"rate for vision": {func(f *Facts, _ *Data, _ *Memory) { f.LR, f.Family = 1e-3, "vision" }, "--lr", "1e-5 to 1e-4 is usual"},
		"rate for a head": {func(f *Facts, _ *Data, _ *Memory) { f.LR, f.TrainsBody = 0.1, false }, "--lr", "high also for a head"},
		"low for a head":  {func(f *Facts, _ *Data, _ *Memory) { f.LR, f.TrainsBody = 1e-5, false }, "--lr", "low for a head"},
		"no rate":         {func(f *Facts, _ *Data, _ *Memory) { f.LR = 1e-8 }, "--lr", "300 steps will hardly change"},
		"cut":             {func(_ *Facts, d *Data, _ *Memory) { d.Sizes.Fraction = 0.4 }, "--max-length", "40 % of the texts are cut at 256 tokens; --max-length 300 would hold 95 % whole"},
		"cut by the model": {func(_ *Facts, d *Data, _ *Memory) {
			d.Sizes = Sizes{What: "tokens", Limit: 512, P95: 900, Fraction: 0.4}
		}, "--max-length", "the model reads at most 512, so what counts"},
		"cut, and long": {func(_ *Facts, d *Data, _ *Memory) {
			d.Sizes = Sizes{What: "tokens", Limit: 128, P95: 900, Fraction: 0.9}
		}, "--max-length", "--max-length 512, the most that the model reads, cuts fewer"},
		"small pictures":     {func(_ *Facts, d *Data, _ *Memory) { d.Sizes = Sizes{What: "pixels", Limit: 224, Fraction: 0.5} }, "data", "50 % of the pictures are smaller"},
		"tiny class":         {func(f *Facts, d *Data, _ *Memory) { d.Classes[0].Training, f.Balanced = 7, true }, "data", "fewer than 10 training examples: neg 7"},
		"imbalance":          {func(_ *Facts, d *Data, _ *Memory) { d.Classes[0].Training = 100 }, "--class-weights", "pos has 8 times the examples of neg: --class-weights balanced"},
		"unseen class":       {func(_ *Facts, d *Data, _ *Memory) { d.Classes[1].Validation = 0 }, "data", "no validation examples of pos"},
		"no validation":      {func(_ *Facts, d *Data, _ *Memory) { d.Validation = 0 }, "--val-fraction", "without validation data"},
		"few for validation": {func(_ *Facts, d *Data, _ *Memory) { d.Validation = 20 }, "data", "one of them is 5.0 %"},
		"overlap": {func(_ *Facts, d *Data, _ *Memory) {
			d.Duplicates = Duplicates{Validation: 3, Pairs: [][2]string{{"a:1", "b:2"}}}
		}, "data", "3 of 400 validation examples are also trained on: the accuracy will flatter; such as a:1 and b:2"},
		"conflict":             {func(_ *Facts, d *Data, _ *Memory) { d.Duplicates = Duplicates{Training: 2, Conflicting: 2} }, "data", "2 training examples are copies of one of another class"},
		"copies":               {func(_ *Facts, d *Data, _ *Memory) { d.Duplicates = Duplicates{Training: 50} }, "data", "50 of 1600 training examples are copies"},
		"batch of all":         {func(f *Facts, _ *Data, _ *Memory) { f.Batch, f.Micro = 4000, 4000 }, "--batch", "4000 is more than the 1600"},
		"batch norm of one":    {func(f *Facts, _ *Data, _ *Memory) { f.Micro, f.TrainsNorm = 1, true }, "--batch", "--freeze norms"},
		"dropout of one":       {func(f *Facts, _ *Data, _ *Memory) { f.Batch, f.Micro = 1, 1 }, "--batch", "--accumulate"},
		"a last batch of one":  {func(f *Facts, d *Data, _ *Memory) { d.Training, f.TrainsNorm = 1601, true }, "--batch", "last batch has 1 example"},
		"few steps":            {func(f *Facts, _ *Data, _ *Memory) { f.Epochs, f.StepsPerEpoch = 1, 5 }, "--epochs", "5 steps: too few"},
		"long warm-up":         {func(f *Facts, _ *Data, _ *Memory) { f.Warmup = 200 }, "--warmup", "200 of the run's 300 steps"},
		"unfreezing too late":  {func(f *Facts, _ *Data, _ *Memory) { f.Beyond = []string{"after epoch 7"} }, "--unfreeze", "after epoch 7 the run of 3 epochs is over"},
		"a bad file":           {func(_ *Facts, d *Data, _ *Memory) { d.Bad = []BadFile{{"x.jpg", "x.jpg: truncated"}} }, "data", "1 file cannot be read, the first: x.jpg: truncated"},
		"not enough of memory": {func(_ *Facts, _ *Data, m *Memory) { m.Peak, m.Available = 4<<30, 1<<30 }, "memory", "needs 4.0 GiB, but 1.0 GiB are available: lower --batch, or split it with --accumulate 2"},
	} {
		t.Run(name, func(t *testing.T) {
			f, d := good()
			var m Memory
			c.spoil(&f, &d, &m)
			w := Warnings(f, d, m)
			if len(w) != 1 || w[0].About != c.about || !strings.Contains(w[0].Text, c.says) {
				t.Errorf("warnings %v, want one of %s: %s", w, c.about, c.says)
			}
		})
	}
}

func TestReport(t *testing.T) {
	f, d := good()
	d.Sizes.Histogram = []Bin{{1, 10, 40}, {11, 20, 20}}
	d.Bad = []BadFile{{"x.jpg", "x.jpg: truncated"}}
	r := Report{
		Model: "models/bert", Device: "cpu", Precision: "bfloat16", Threads: 2, Notes: []string{"new: head"}, Data: d,
		Parameters: freeze.Timetable{Rows: []freeze.Row{{When: "start", Group: "head", Trains: 10, Of: 10, Rate: 1}}, Total: 10, AtStart: 10, AtEnd: 10},
		Schedule:   Schedule{Name: "linear", Epochs: 3, Steps: 300, StepsPerEpoch: 100, Batch: 16, Warmup: 30, Points: []Rate{{0, 0}, {30, 5e-5}, {299, 0}}},
		Memory:     Memory{Base: 1 << 28, Weights: 1 << 20, Peak: 1 << 30, Machine: 1 << 34, Available: 1 << 33, Extrapolated: true, Activations: 5},
		Time:       &Time{Step: 1.5, Training: 450, Evaluation: 12.3, Total: 462.3, ExamplesPerS: 10.7, BatchesTimed: 6, BuildingLimit: true},
	}
	r.Warnings = Warnings(f, d, r.Memory)
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"model    models/bert\n         new: head\nmachine  cpu, bfloat16, 2 threads",
		"1600 sequences to train on, 400 for validation", "neg    800    200", "▇▇▇", "cut at 256 tokens: 0 (5.0 %)",
		"1 file cannot be read:\n    x.jpg: truncated", "10 of 10 parameters train",
		"linear: 300 steps, 3 epochs of 100, batches of 16, 30 of warm-up", "step 299",
		"weights                    1.0 MiB\n", "from smaller batches", "at most                    1.0 GiB  of 16 GiB, 8.0 GiB of them available now",
		"1.5s a step, 10.7 sequences/s; preparing the batches takes longer", "7m30s to train, 12s to evaluate: 7m42s in all",
		"warnings\n  data: 1 file cannot be read",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	r.Time = nil
	if err := r.Write(&b); err != nil || !strings.Contains(b.String(), "activations                unknown  no batch was run") {
		t.Errorf("nothing says that no batch was run (%v):\n%s", err, b.String())
	}
	if strings.Contains(b.String(), "gradients") {
		t.Error("what takes no memory has a line")
	}
}
