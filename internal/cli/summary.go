package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/pkg/train"
)

// summary is train's JSON object.
type summary struct {
	Run       string              `json:"run"`
	Model     string              `json:"model"`
	Classes   []string            `json:"classes"`
	Steps     int                 `json:"steps"`
	Untrained *train.Score        `json:"untrained,omitempty"`
	Epochs    []train.EpochResult `json:"epochs"`
	Best      *train.EpochResult  `json:"best"`

	ExamplesPerSecond float64 `json:"examples_per_second"`
	TokensPerSecond   float64 `json:"tokens_per_second,omitempty"`
	PeakRSS           uint64  `json:"peak_rss_bytes"`
}

// printResult writes what came of a run. A reader that is gone, as head soon is, takes
// nothing from the run but that.
func (env *Env) printResult(o TrainOptions, run RunFile, unit string, r train.Result) error {
	s := summary{
		Run: o.Out, Model: filepath.Join(o.Out, modelName), Classes: run.Model.Classes,
		Steps: r.Steps, Untrained: r.Untrained, Epochs: r.Epochs, Best: r.Best, PeakRSS: peakBytes(),
	}
	if sec := r.Duration.Seconds(); sec > 0 {
		s.ExamplesPerSecond, s.TokensPerSecond = float64(r.Examples)/sec, float64(r.Tokens)/sec
	}
	w := bufio.NewWriter(env.Stdout) // keeps the first error
	if o.JSON {
		if err := json.NewEncoder(w).Encode(s); err != nil {
			return err
		}
	} else {
		env.printSummary(w, o, unit, s)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("the run in %s has finished, but its result could not be written: %w", s.Run, err)
	}
	return nil
}

// printSummary is for a person.
func (env *Env) printSummary(w io.Writer, o TrainOptions, unit string, s summary) {
	fmt.Fprintf(w, "trained  %s, %s, %s at most\n", plural.Of(s.Steps, "steps"), s.speed(unit), bytesString(s.PeakRSS))
	if s.Untrained != nil {
		fmt.Fprintf(w, "before   validation accuracy %.4f, loss %.4f\n", s.Untrained.Accuracy, s.Untrained.Loss)
	}
	if s.Best != nil && s.Best.ValAccuracy != nil {
		fmt.Fprintf(w, "best     epoch %d: validation accuracy %.4f, loss %.4f\n", s.Best.Epoch, *s.Best.ValAccuracy, *s.Best.ValLoss)
	}
	fmt.Fprintf(w, "model    %s\n", s.Model)
	at := ShellWord(o.Out)
	fmt.Fprintf(w, "next     %s eval %s DATA;  %s predict %s ...\n", env.Program, at, env.Program, at)
}

// speed is that of the steps done here; a run that had ended has none.
func (s summary) speed(unit string) string {
	if s.ExamplesPerSecond == 0 {
		return "none of them now"
	}
	speed := fmt.Sprintf("%.1f %s/s", s.ExamplesPerSecond, unit)
	if s.TokensPerSecond > 0 {
		speed += fmt.Sprintf(", %.0f tokens/s", s.TokensPerSecond)
	}
	return speed
}
