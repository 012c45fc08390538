package plan

import (
	"fmt"
	"strings"

	"github.com/gotune/gotune/internal/plural"
)

// Facts are what the warnings look at, beside the data and the memory.
type Facts struct {
	LR        float64
	Optimizer string // "adamw", "adam"
	Family    string // "text", "vision"

	TrainsBody bool // more than the new head trains at some time
	TrainsNorm bool // batch norms train, so that they use the batch's statistics
	Dropout    bool

	Batch, Micro, EvalBatch int // examples
	Epochs, StepsPerEpoch   int
	Warmup                  int // steps
	Balanced                bool
	MaxPositions            int      // that the model has; 0: not limited
	Beyond                  []string // points of --unfreeze after the end
}

// Steps returns the steps of the run.
func (f Facts) Steps() int { return f.Epochs * f.StepsPerEpoch }

// Warning is something that usually goes wrong, and what to do about it.
type Warning struct {
	About string `json:"about"` // a flag, "data" or "memory"
	Text  string `json:"text"`
}

// Warnings looks for what usually goes wrong.
func Warnings(f Facts, d Data, m Memory) []Warning {
	out := []Warning{}
	warn := func(about, format string, args ...any) {
		out = append(out, Warning{about, fmt.Sprintf(format, args...)})
	}
	warnRate(f, warn)
	warnLength(f, d, warn)
	warnClasses(f, d, warn)
	warnCopies(d, warn)
	warnBatch(f, d, warn)
	for _, point := range f.Beyond {
		warn("--unfreeze", "%s the run of %s is over: what thaws then never trains", point, plural.Of(f.Epochs, "epochs"))
	}
	if len(d.Bad) > 0 {
		warn("data", "%s cannot be read, the first: %s", plural.Of(len(d.Bad), "files"), d.Bad[0].Error)
	}
	split := fmt.Sprintf("--accumulate %d", 2*max(1, f.Batch/max(f.Micro, 1)))
	if f.Family == "text" {
		split += " or --max-batch-tokens"
	}
	if m.Short() {
		warn("memory", "the run needs %s, but %s are available: lower --batch, or split it with %s", Bytes(m.Peak-m.Cache), Bytes(m.Available), split)
	}
	if m.DeviceShort() {
		warn("memory", "the run needs %s on the GPU, but %s are available there: lower --batch, or split it with %s", Bytes(m.Device), Bytes(m.DeviceAvailable), split)
	}
	return out
}

// warnRate holds the rate to what is usual in fine-tuning: Devlin et al. 2018
// tried 2e-5 to 5e-5 for BERT; convolutional trunks under Adam take 1e-5 to 1e-4;
// a new head alone takes ten to a hundred times more.
func warnRate(f Facts, warn func(string, string, ...any)) {
	high, usual := 1e-4, "2e-5 to 5e-5"
	if f.Family == "vision" {
		high, usual = 5e-4, "1e-5 to 1e-4"
	}
	switch {
	case f.TrainsBody && f.LR > high:
		warn("--lr", "%g is high for pretrained layers, which it makes forget: %s is usual; the verb lr finds one", f.LR, usual)
	case !f.TrainsBody && f.LR > 2e-2:
		warn("--lr", "%g is high also for a head alone: 1e-4 to 1e-3 is usual", f.LR)
	case !f.TrainsBody && f.LR < 3e-5:
		warn("--lr", "%g is low for a head alone, which begins from random weights: 1e-4 to 1e-3 is usual", f.LR)
	case f.LR < 1e-6:
		warn("--lr", "%g is so low that %s will hardly change the model", f.LR, plural.Of(f.Steps(), "steps"))
	}
}

func warnLength(f Facts, d Data, warn func(string, string, ...any)) {
	s := d.Sizes
	switch {
	case s.What == "tokens" && s.Fraction >= 0.1:
		remedy := fmt.Sprintf("--max-length %d would hold 95 %% whole", s.P95)
		if f.MaxPositions > 0 && s.P95 > f.MaxPositions {
			remedy = fmt.Sprintf("--max-length %d, the most that the model reads, cuts fewer", f.MaxPositions)
			if s.Limit >= f.MaxPositions {
				remedy = fmt.Sprintf("the model reads at most %d, so what counts should stand at the beginning", f.MaxPositions)
			}
		}
		warn("--max-length", "%.0f %% of the texts are cut at %d tokens; %s", 100*s.Fraction, s.Limit, remedy)
	case s.What == "pixels" && s.Fraction >= 0.1:
		warn("data", "%.0f %% of the pictures are smaller than the network's %d pixels and are enlarged", 100*s.Fraction, s.Limit)
	}
}

func warnClasses(f Facts, d Data, warn func(string, string, ...any)) {
	if len(d.Classes) == 0 {
		return
	}
	const few = 10
	var tiny, unseen []string
	for _, c := range d.Classes {
		if c.Training < few {
			tiny = append(tiny, fmt.Sprintf("%s %d", c.Name, c.Training))
		}
		if d.Validation > 0 && c.Validation == 0 {
			unseen = append(unseen, c.Name)
		}
	}
	if len(tiny) > 0 {
		warn("data", "fewer than %d training examples: %s", few, some(tiny))
	}
	if len(unseen) > 0 {
		warn("data", "no validation examples of %s: their accuracy stays unknown", some(unseen))
	}
	small, large := d.Smallest(), d.Largest()
	if small.Training > 0 && large.Training >= 4*small.Training && !f.Balanced {
		warn("--class-weights", "%s has %.0f times the examples of %s: --class-weights balanced makes classes count alike", large.Name, float64(large.Training)/float64(small.Training), small.Name)
	}
	switch {
	case d.Validation == 0:
		warn("--val-fraction", "without validation data nothing tells when the model stops learning and begins to memorise")
	case d.Validation < 50:
		warn("data", "%d validation examples: one of them is %.1f %% of accuracy", d.Validation, 100/float64(d.Validation))
	}
}

func warnCopies(d Data, warn func(string, string, ...any)) {
	c := d.Duplicates
	if c.Validation > 0 {
		warn("data", "%d of %d validation examples are also trained on: the accuracy will flatter; such as %s", c.Validation, d.Validation, pair(c.Pairs))
	}
	if c.Conflicting > 0 {
		warn("data", "%d training examples are copies of one of another class: at least one of the two labels is wrong", c.Conflicting)
	}
	if d.Training > 0 && c.Training > d.Training/100 && c.Training > c.Conflicting {
		warn("data", "%d of %d training examples are copies of others", c.Training, d.Training)
	}
}

func pair(pairs [][2]string) string {
	if len(pairs) == 0 {
		return ""
	}
	return pairs[0][0] + " and " + pairs[0][1]
}

func warnBatch(f Facts, d Data, warn func(string, string, ...any)) {
	last := d.Training % max(f.Batch, 1) // of an epoch; 0: it is full
	switch {
	case f.Batch > d.Training:
		warn("--batch", "%d is more than the %d training examples: an epoch is one step", f.Batch, d.Training)
	case f.Micro == 1 && f.TrainsNorm:
		warn("--batch", "batch norms that train take mean and variance from the batch, here of 1 example: freeze them with --freeze norms, or take a larger batch")
	case f.Micro == 1 && f.Dropout && f.Batch == 1:
		warn("--batch", "steps of 1 example with dropout are noisy: raise --batch and split it with --accumulate")
	case last == 1 && f.TrainsNorm:
		warn("--batch", "an epoch's last batch has 1 example, of which batch norms that train take mean and variance")
	}
	if s := f.Steps(); s > 0 && s < 20 {
		warn("--epochs", "the run has %s: too few to learn much", plural.Of(s, "steps"))
	}
	if s := f.Steps(); f.Warmup > 0 && 2*f.Warmup > s {
		warn("--warmup", "%d of the run's %d steps are warm-up: the full rate is reached late", f.Warmup, s)
	}
}

// some joins the first few of names.
func some(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
