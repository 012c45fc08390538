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
	"strconv"
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

func checkpointName(step int) string { return fmt.Sprintf("step-%06d", step) }

func checkpointDir(run string, step int) string {
	return filepath.Join(checkpointsDir(run), checkpointName(step))
}

// stepOf returns the step of the checkpoint in a folder of that name.
func stepOf(name string) (step int, ok bool) {
	step, err := strconv.Atoi(strings.TrimPrefix(name, "step-"))
	return step, err == nil && step >= 0 && name == checkpointName(step)
}

// writeCheckpoint writes checkpoints/step-NNNNNN. The folder appears at once and
// whole, or not at all: then dir is "".
func writeCheckpoint(run string, p progress, copies []*hostCopy) (dir string, err error) {
	dir = checkpointDir(run, p.Step)
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
	return dir, nil
}

// prune removes all checkpoints but the newest keep (0 keeps one), of which the one
// of step, just written, is the newest: those of later steps are not of the run's
// past, and were damaged where it went on from an earlier one. It returns what could
// not be removed.
func prune(run string, step, keep int) (left []CheckpointEvent) {
	steps, err := checkpoints(run)
	if err != nil {
		left = append(left, CheckpointEvent{Dir: checkpointsDir(run), Err: err})
	}
	past := slices.DeleteFunc(slices.Clone(steps), func(s int) bool { return s > step })
	kept := past[max(0, len(past)-max(keep, 1)):]
	for _, s := range slices.Backward(steps) {
		if slices.Contains(kept, s) {
			continue
		}
		dir := checkpointDir(run, s)
		if err := os.RemoveAll(dir); err != nil {
			left = append(left, CheckpointEvent{Dir: dir, Step: s, Err: fmt.Errorf("remove checkpoint %s: %w", dir, err)})
		}
	}
	return left
}

// checkpoints lists the steps of a run's checkpoints, in ascending order.
func checkpoints(run string) ([]int, error) {
	entries, err := os.ReadDir(checkpointsDir(run))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var steps []int
	for _, e := range entries {
		if step, ok := stepOf(e.Name()); ok && e.IsDir() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, err
}

// CheckpointWeights returns the file of a run's weights as of a checkpoint, the
// newest whole one where step is negative: the averaged ones, if the run averages.
// The checkpoint's checksums are verified.
func CheckpointWeights(run string, step int) (path string, err error) {
	steps, err := checkpoints(run)
	if err != nil {
		return "", err
	}
	var names []string
	for _, n := range slices.Backward(steps) {
		names = append(names, fmt.Sprint(n))
		if step >= 0 && n != step {
			continue
		}
		dir := checkpointDir(run, n)
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
