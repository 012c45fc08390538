package cli

import (
	"bufio"
	"bytes"
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
