package cli

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/train"
)

func TestPredictionLine(t *testing.T) {
	for _, c := range []struct {
		input   string
		classes []string
		logits  []float32
		want    string
	}{
		{"a", []string{"zebra", "ant"}, []float32{0, 0}, `{"input":"a","label":"zebra","scores":{"zebra":0.5,"ant":0.5}}`},
		{"<b> & \"c\"\n", []string{"10", "9"}, []float32{-100, 100}, `{"input":"<b> & \"c\"\n","label":"9","scores":{"10":0,"9":1}}`},
		{"é\u2028", []string{`"q"`, "x"}, []float32{1, 0}, `{"input":"é\u2028","label":"\"q\"","scores":{"\"q\"":0.731059,"x":0.268941}}`},
		{"", []string{"a", "b", "c"}, []float32{1e30, 1e30, -1e30}, `{"input":"","label":"a","scores":{"a":0.5,"b":0.5,"c":0}}`},
	} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := writePrediction(w, c.input, c.classes, train.Prediction{Logits: c.logits}); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != c.want+"\n" {
			t.Errorf("line %s\nwant %s", got, c.want)
		}
	}
}

// What ends a prediction, an error or Ctrl-C, takes no answer that was given and cuts
// no line, however many wait in the buffer.
func TestPredictionsBeforeAnError(t *testing.T) {
	boom := errors.New("boom")
	const n = 100 // some 5 kB
	all := func(yield func(train.Prediction, error) bool) {
		for range n {
			if !yield(train.Prediction{Name: "a", Logits: []float32{0, 1}}, nil) {
				return
			}
		}
		yield(train.Prediction{}, boom)
	}
	var out bytes.Buffer
	if err := writePredictions(&out, []string{"x", "y"}, all, nil); !errors.Is(err, boom) {
		t.Errorf("error %v, want boom", err)
	}
	const line = `{"input":"a","label":"y","scores":{"x":0.268941,"y":0.731059}}` + "\n"
	if out.String() != strings.Repeat(line, n) {
		t.Errorf("written:\n%s\nwant %d lines", out.String(), n)
	}
}
