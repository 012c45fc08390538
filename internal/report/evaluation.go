package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/gotune/gotune/internal/metrics"
)

// NewEvaluation joins a result with what its top losses are examples of. sample
// returns the example that was added to the evaluator after so many others; one
// that cannot be read again is shown by its name alone.
func NewEvaluation(r metrics.Result, sample func(order int) (Sample, error)) *Evaluation {
	e := &Evaluation{Result: r}
	for _, l := range r.TopLosses {
		t := TopLoss{Loss: l}
		if sample != nil {
			if s, err := sample(l.Order); err == nil {
				s.Text, s.Pair = excerpt(s.Text), excerpt(s.Pair)
				t.Sample = s
			}
		}
		e.Top = append(e.Top, t)
	}
	e.TopLosses = nil // Top takes its place
	return e
}

// excerptRunes is how much of a text is kept to look at.
const excerptRunes = 1200

func excerpt(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if r := []rune(s); len(r) > excerptRunes {
		return strings.TrimRight(string(r[:excerptRunes]), " \n\t") + " …"
	}
	return s
}

// Write writes the evaluation to path, at once or not at all.
func (e *Evaluation) Write(path string) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return renameio.WriteFile(path, append(data, '\n'), 0o644)
}

// ReadEvaluation reads what Write wrote; nil where there is none.
func ReadEvaluation(path string) (*Evaluation, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := &Evaluation{}
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// mostCells is how many classes a confusion matrix is shown for; of more, the
// most frequent confusions are.
const mostCells = 16

// cell is a place of the confusion matrix, with its share of the row.
type cell struct {
	N     int
	Share float64
	Right bool // on the diagonal
}

// Tint is how strongly the cell is filled.
func (c cell) Tint() template.CSS { return template.CSS(fmt.Sprintf("--v:%.0f%%", 100*c.Share)) } //nolint:gosec // a number

// matrix returns the confusion matrix's rows, nil where there are too many.
func (e *Evaluation) matrix() [][]cell {
	if len(e.Classes) > mostCells {
		return nil
	}
	out := make([][]cell, len(e.Confusion))
	for i, row := range e.Confusion {
		total := 0
		for _, n := range row {
			total += n
		}
		for j, n := range row {
			c := cell{N: n, Right: i == j}
			if total > 0 {
				c.Share = float64(n) / float64(total)
			}
			out[i] = append(out[i], c)
		}
	}
	return out
}

// Confused is a pair of classes of which one is taken for the other.
type Confused struct {
	Label, Predicted string
	N                int
	Share            float64 // of the label's examples
}

// MostConfused returns the most frequent confusions, up to most of them.
func MostConfused(r *metrics.Result, most int) []Confused {
	var out []Confused
	for i, row := range r.Confusion {
		for j, n := range row {
			if i != j && n > 0 {
				out = append(out, Confused{r.Classes[i].Name, r.Classes[j].Name, n, float64(n) / float64(max(r.Classes[i].Support, 1))})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Confused) int { return b.N - a.N })
	return out[:min(most, len(out))]
}

// score is a class's probability, as a bar.
type score struct {
	Name string
	P    float64
	Kind string // "true", "guess" or ""
}

// Width is the bar's.
func (s score) Width() template.CSS { return template.CSS(fmt.Sprintf("width:%.1f%%", 100*s.P)) } //nolint:gosec // a number

// scores are the highest probabilities of an example, and its own class's.
func (e *Evaluation) scores(t TopLoss) []score {
	var out []score
	for i, p := range t.Scores {
		if i >= len(e.Classes) {
			break
		}
		s := score{Name: e.Classes[i].Name, P: p}
		switch s.Name {
		case t.Label:
			s.Kind = "true"
		case t.Predicted:
			s.Kind = "guess"
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b score) int {
		switch {
		case a.P > b.P:
			return -1
		case a.P < b.P:
			return 1
		}
		return 0
	})
	const most = 3
	if own := slices.IndexFunc(out, func(s score) bool { return s.Kind == "true" }); own >= most {
		return append(out[:most-1:most-1], out[own])
	}
	return out[:min(most, len(out))]
}
