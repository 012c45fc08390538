package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// journalUpTo returns the whole lines of a metrics file that tell of steps up to
// step. A last line cut by a crash is dropped.
func journalUpTo(path string, step int) ([]byte, error) {
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
			Step int `json:"step"`
		}
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &e) != nil || e.Step > step {
			break
		}
		kept = append(kept, line...)
	}
	return kept, nil
}
