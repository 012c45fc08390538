package train

import (
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
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
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

	RNG   [][]byte          `json:"rng"`    // libtorch's generators
	Files map[string]string `json:"sha256"` // of the files beside
}

const (
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	progressFile  = "progress.json"
)

func checkpointsDir(run string) string { return filepath.Join(run, "checkpoints") }

// saveCheckpoint writes checkpoints/step-NNNNNN and removes all but the newest
// keep. The folder appears at once and whole, or not at all.
func saveCheckpoint(run string, keep int, rt *torch.Runtime, model *torch.Store, opt *Adam, p progress) (string, error) {
	dir := filepath.Join(checkpointsDir(run), fmt.Sprintf("step-%06d", p.Step))
	var err error
	if p.RNG, err = rt.RNGState(); err != nil {
		return "", err
	}
	err = atomicdir.Replace(dir, func(tmp string) error {
		if err := model.WriteSafetensors(filepath.Join(tmp, modelFile), nil); err != nil {
			return err
		}
		if err := opt.State().WriteSafetensors(filepath.Join(tmp, optimizerFile), nil); err != nil {
			return err
		}
		p.Files = make(map[string]string)
		for _, name := range []string{modelFile, optimizerFile} {
			if p.Files[name], err = fileSHA256(filepath.Join(tmp, name)); err != nil {
				return err
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

// loadCheckpoint reads the newest whole checkpoint into the model, the optimiser
// and the generators, and tells skip of each damaged one before it.
func loadCheckpoint(run string, rt *torch.Runtime, model *torch.Store, opt *Adam, skip func(dir string, err error)) (progress, string, error) {
	dirs, err := checkpoints(run)
	if err != nil {
		return progress{}, "", err
	}
	for _, dir := range slices.Backward(dirs) {
		p, err := verifyCheckpoint(dir)
		if err != nil {
			skip(dir, err)
			continue
		}
		if err := readInto(filepath.Join(dir, modelFile), func(w *torch.WeightFile) error { return model.CopyFrom(w) }); err != nil {
			return progress{}, dir, err
		}
		if err := readInto(filepath.Join(dir, optimizerFile), opt.Restore); err != nil {
			return progress{}, dir, err
		}
		return p, dir, rt.SetRNGState(p.RNG)
	}
	return progress{}, "", fmt.Errorf("%s: no whole checkpoint to resume from", run)
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
	for _, name := range []string{modelFile, optimizerFile} {
		sum, err := fileSHA256(filepath.Join(dir, name))
		if err != nil {
			return p, err
		}
		if sum != p.Files[name] {
			return p, fmt.Errorf("%s is damaged: its SHA-256 is %s, not %s", name, sum, p.Files[name])
		}
	}
	return p, nil
}

func readInto(path string, use func(*torch.WeightFile) error) error {
	f, err := tensorfile.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := torch.NewWeightFile(f, nil)
	if err != nil {
		return err
	}
	if err := use(w); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
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
