package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotune/gotune/internal/metrics"
)

// run writes a run's metrics.jsonl and evaluation.json, of so many steps, ten
// epochs and four groups that thaw one after the other.
func run(t testing.TB, dir string, steps int, classes []string, texts bool) *Page {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	write := func(v map[string]any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]any{"type": "untrained", "examples": 200, "loss": 0.7, "accuracy": 0.49, "f1": 0.4})
	per := max(steps/10, 1)
	for s := 1; s <= steps; s++ {
		x := float64(s) / float64(steps)
		lr := 5e-5 * (1 - x)
		rates := []float64{0, 0, 0, lr}
		for g := range 3 {
			if s > (3-g)*2*per {
				rates[g] = lr * math.Pow(0.5, float64(3-g))
			}
		}
		write(map[string]any{
			"type": "step", "step": s, "steps": steps, "epoch": (s-1)/per + 1, "loss": 0.2 + 0.5*math.Exp(-3*x) + 0.1*r.Float64(),
			"lr": lr, "grad_norm": 1 + 3*r.Float64(), "rates": rates,
		})
		if s%per == 0 {
			e := s / per
			write(map[string]any{
				"type": "epoch", "epoch": e, "step": s, "train_loss": 0.6 - 0.03*float64(e), "val_loss": 0.45 - 0.02*float64(e),
				"val_accuracy": 0.7 + 0.015*float64(e), "val_f1": 0.68 + 0.016*float64(e), "seconds": 12.3, "best": e <= 9,
			})
		}
	}
	if err := os.WriteFile(filepath.Join(dir, JournalName), lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	ev, err := metrics.NewEvaluator(classes, metrics.Options{TopLosses: 6})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		logits, y := make([]float32, len(classes)), r.IntN(len(classes))
		for c := range logits {
			logits[c] = float32(r.NormFloat64() * 1.5)
		}
		logits[y] += 2.5
		if err := ev.Add(logits, y, fmt.Sprintf("reviews.csv:%d", i+2)); err != nil {
			t.Fatal(err)
		}
	}
	e := NewEvaluation(ev.Result(), func(i int) (Sample, error) {
		if texts {
			return Sample{Text: fmt.Sprintf("Review %d: <script>alert(1)</script> it was long, and %s", i, "well made, though slow in its middle part. It goes on for a while & ends well. ")}, nil
		}
		return Sample{}, nil
	})
	e.Epoch, e.Step = 9, 9*per
	if err := e.Write(filepath.Join(dir, EvaluationName)); err != nil {
		t.Fatal(err)
	}
	p := &Page{
		Program: "bertft", Title: "runs/demo", Model: "weights/minilm-l6-h384-uncased", Unit: "sequences", Classes: classes,
		Data:     Data{Training: 1600, Validation: 400, ByClass: []int{800, 800}, Fingerprint: "50c7ba40abf50c7ba40abf50c7ba40abf50c7ba40abf50c7ba40abf"},
		Groups:   []Group{{"embeddings", 11_900_000}, {"layer.0", 1_774_464}, {"layer.1", 1_774_464}, {"head", 148_610}},
		Options:  []Pair{{"data", "reviews.csv"}, {"lr", "5e-5"}, {"text-column", ""}},
		Versions: []Pair{{"gotune", "dev"}, {"libtorch", "2.11.0"}},
		Next:     []Command{{"go on", "bertft resume runs/demo"}, {"predict", "bertft predict runs/demo 'a text'"}},
	}
	if err := p.Load(dir); err != nil {
		t.Fatal(err)
	}
	return p
}
