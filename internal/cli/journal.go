package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/gotune/gotune/pkg/train"
)

// journalUpTo returns the whole lines of a metrics file that tell of steps up to
// step and of so many epochs. A last line cut by a crash is dropped. A checkpoint
// that lies between an epoch's last step and its evaluation knows nothing of the
// epoch's line yet.
func journalUpTo(path string, step, epochs int) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept []byte
	for line := range bytes.Lines(data) {
		var e struct {
			Type  string `json:"type"`
			Step  int    `json:"step"`
			Epoch int    `json:"epoch"`
		}
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &e) != nil || e.Step > step || e.Type == "epoch" && e.Epoch > epochs {
			break
		}
		kept = append(kept, line...)
	}
	return kept, nil
}

// eventsOf returns what lines of a metrics file tell of a step, but for the times
// it took.
func eventsOf(lines []byte, step int) []train.Event {
	var out []train.Event
	for line := range bytes.Lines(lines) {
		var e struct {
			Type string `json:"type"`
			Step int    `json:"step"`
		}
		if json.Unmarshal(line, &e) != nil || e.Step != step {
			continue
		}
		var s train.StepEvent
		var r train.EpochEvent
		var u train.UntrainedEvent
		switch {
		case e.Type == "step" && json.Unmarshal(line, &s) == nil:
			out = append(out, s)
		case e.Type == "epoch" && json.Unmarshal(line, &r) == nil:
			out = append(out, r)
		case e.Type == "untrained" && json.Unmarshal(line, &u) == nil:
			out = append(out, u)
		}
	}
	return out
}
