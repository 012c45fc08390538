package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"strconv"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Predict writes a JSON line for each example of data, in order. name gives the
// line's input; nil: the example's own name.
func Predict[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, m train.Model[B], data train.Data[B],
	o train.EvalOptions, name func(i int) string,
) error {
	return writePredictions(env.Stdout, m.Classes(), train.Predictions(ctx, rt, m, data, o), name)
}

// writePredictions writes what was predicted, also where an error or an
// interruption ends it: whole lines.
func writePredictions(out io.Writer, classes []string, all iter.Seq2[train.Prediction, error], name func(i int) string) error {
	w := bufio.NewWriter(out)
	for p, err := range all {
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		input := p.Name
		if name != nil {
			input = name(p.Index)
		}
		if err := writePrediction(w, input, classes, p); err != nil {
			return err
		}
	}
	return w.Flush()
}

// writePrediction keeps the classes' order, which a Go map would lose.
func writePrediction(w *bufio.Writer, input string, classes []string, p train.Prediction) error {
	var line bytes.Buffer
	line.WriteString(`{"input":`)
	if err := quote(&line, input); err != nil {
		return err
	}
	line.WriteString(`,"label":`)
	if err := quote(&line, classes[p.Class()]); err != nil {
		return err
	}
	line.WriteString(`,"scores":{`)
	for i, prob := range p.Probabilities() {
		if i > 0 {
			line.WriteByte(',')
		}
		if err := quote(&line, classes[i]); err != nil {
			return err
		}
		line.WriteByte(':')
		line.WriteString(strconv.FormatFloat(math.Round(prob*1e6)/1e6, 'f', -1, 64))
	}
	line.WriteString("}}\n")
	_, err := line.WriteTo(w)
	return err
}

// quote writes s as JSON, with <, > and & as they are.
func quote(w *bytes.Buffer, s string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	w.Truncate(w.Len() - 1) // the newline
	return nil
}
