package train

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/atomicdir"
)

// progress is all of a run that is neither weights nor optimiser state.
type progress struct {
	Step      int           `json:"step"` // steps done
	Untrained *Score        `json:"untrained,omitempty"`
	Epochs    []EpochResult `json:"epochs"`
	Best      *EpochResult  `json:"best"`

	// The epoch that is under way.
	EpochLoss    float64 `json:"epoch_loss"` // sum over examples
	EpochCount   int     `json:"epoch_count"`
	EpochSeconds float64 `json:"epoch_seconds"`

	Options map[string]string `json:"options,omitempty"` // what made the run
	RNG     [][]byte          `json:"rng"`               // libtorch's generators
	Files   map[string]string `json:"sha256"`            // of the files beside
}

// The files of a checkpoint. All but the first two may be absent.
const (
	progressFile  = "progress.json"
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	emaFile       = "ema.safetensors"
	bestFile      = "best.safetensors"
)

func checkpointsDir(run string) string { return filepath.Join(run, "checkpoints") }

// writeCheckpoint writes checkpoints/step-NNNNNN and removes all but the newest
// keep. The folder appears at once and whole, or not at all: then dir is "".
func writeCheckpoint(run string, keep int, p progress, copies []*hostCopy) (dir string, err error) {
	dir = filepath.Join(checkpointsDir(run), fmt.Sprintf("step-%06d", p.Step))
	err = atomicdir.Replace(dir, func(tmp string) error {
		p.Files = make(map[string]string)
		for _, s := range copies {
			sums, err := s.write(tmp)
			if err != nil {
				return err
			}
			for name, sum := range sums {
				p.Files[name] = sum
			}
		}
		data, err := json.MarshalIndent(p, "", " ")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, progressFile), data, 0o644)
	})
	if err != nil {
		return "", fmt.Errorf("save checkpoint %s: %w", dir, err)
	}
	return dir, prune(run, keep)
}

// prune removes all checkpoints but the newest keep; 0 keeps one.
func prune(run string, keep int) error {
	dirs, err := checkpoints(run)
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range dirs[:max(0, len(dirs)-max(keep, 1))] {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

// checkpoints lists a run's checkpoints, the oldest first.
func checkpoints(run string) ([]string, error) {
	entries, err := os.ReadDir(checkpointsDir(run))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), "step-") {
			dirs = append(dirs, filepath.Join(checkpointsDir(run), e.Name()))
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { // step-1000000 after step-999999
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return dirs, err
}

// CheckpointWeights returns the file of a run's weights as of a checkpoint, the
// newest whole one where step is negative: the averaged ones, if the run averages.
// The checkpoint's checksums are verified.
func CheckpointWeights(run string, step int) (path string, err error) {
	dirs, err := checkpoints(run)
	if err != nil {
		return "", err
	}
	var names []string
	for _, dir := range slices.Backward(dirs) {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(dir), "step-%d", &n); err != nil {
			continue
		}
		names = append(names, fmt.Sprint(n))
		if step >= 0 && n != step {
			continue
		}
		p, err := verifyCheckpoint(dir)
		switch {
		case err != nil && step < 0:
			continue
		case err != nil:
			return "", fmt.Errorf("checkpoint %s: %w", dir, err)
		case p.Files[emaFile] != "":
			return filepath.Join(dir, emaFile), nil
		}
		return filepath.Join(dir, modelFile), nil
	}
	if step < 0 {
		return "", fmt.Errorf("%s: no whole checkpoint", run)
	}
	return "", fmt.Errorf("%s: no checkpoint of step %d; there is: %s", run, step, cmp.Or(strings.Join(names, ", "), "none"))
}

// verifyCheckpoint reads progress.json and compares the files beside it with
// their checksums.
func verifyCheckpoint(dir string) (progress, error) {
	var p progress
	data, err := os.ReadFile(filepath.Join(dir, progressFile))
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("%s: %w", progressFile, err)
	}
	if p.Files[modelFile] == "" {
		return p, fmt.Errorf("%s names no %s", progressFile, modelFile)
	}
	for name, want := range p.Files {
		sum, err := fileSHA256(filepath.Join(dir, name))
		if err != nil {
			return p, err
		}
		if sum != want {
			return p, fmt.Errorf("%s is damaged: its SHA-256 is %s, not %s", name, sum, want)
		}
	}
	return p, nil
}

func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
