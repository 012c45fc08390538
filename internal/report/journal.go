package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Journal is metrics.jsonl, the steps of a long run in buckets.
type Journal struct {
	Steps     int // of the whole run
	Done      int
	Loss      Series
	LR        Series
	GradNorm  Series
	Rates     []Series // by group, bottom to top; none where all train at LR
	Untrained *Score
	Epochs    []Epoch
}

// Score is an evaluation in short.
type Score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
	F1       float64 `json:"f1"` // macro
}

// Epoch is an epoch's line.
type Epoch struct {
	Epoch       int      `json:"epoch"`
	Step        int      `json:"step"`
	TrainLoss   float64  `json:"train_loss"`
	ValLoss     *float64 `json:"val_loss"`
	ValAccuracy *float64 `json:"val_accuracy"`
	ValF1       *float64 `json:"val_f1"`
	Seconds     float64  `json:"seconds"`
	Best        bool     `json:"best"`
}

// BestEpoch returns the epoch whose model is kept, nil before the first's end.
func (j *Journal) BestEpoch() *Epoch {
	for i := len(j.Epochs) - 1; i >= 0; i-- {
		if j.Epochs[i].Best {
			return &j.Epochs[i]
		}
	}
	return nil
}

// ReadJournal reads a run's metrics.jsonl. A last line that a crash cut off is
// left out; any other that is not as it should be is an error with its number.
// A run that has not begun has none.
func ReadJournal(path string) (*Journal, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Journal{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	j := &Journal{}
	r := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j, nil
		}
		if err == nil {
			err = j.line(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
}

// record is any line of the journal.
type record struct {
	Type     string    `json:"type"`
	Steps    int       `json:"steps"`
	LR       float64   `json:"lr"`
	GradNorm float64   `json:"grad_norm"`
	Rates    []float64 `json:"rates"`
	Score
	Epoch
}

func (j *Journal) line(data []byte) error {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	switch r.Type {
	case "step":
		return j.step(r)
	case "epoch":
		j.Epochs = append(j.Epochs, r.Epoch)
	case "untrained":
		j.Untrained = &r.Score
	}
	return nil
}

func (j *Journal) step(s record) error {
	if s.Step <= j.Done || s.Step > s.Steps {
		return fmt.Errorf("step %d of %d after step %d", s.Step, s.Steps, j.Done)
	}
	j.Loss.add(s.Step, s.Loss)
	j.LR.add(s.Step, s.LR)
	j.GradNorm.add(s.Step, s.GradNorm)
	for len(j.Rates) < len(s.Rates) { // all trained at LR until now
		j.Rates = append(j.Rates, Series{Width: j.LR.Width, Points: append([]Bucket(nil), j.LR.before(s.Step)...)})
	}
	for g := range j.Rates {
		rate := s.LR
		if g < len(s.Rates) {
			rate = s.Rates[g]
		}
		j.Rates[g].add(s.Step, rate)
	}
	j.Steps, j.Done = s.Steps, s.Step
	return nil
}

// before returns the buckets that hold no step from the given one on. Where that
// one stands within a bucket, so do steps before it, whose rates are lost to the
// picture: less than a five-hundredth of it.
func (s *Series) before(step int) []Bucket {
	return s.Points[:(step-1)/s.Width]
}
