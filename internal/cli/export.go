package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gotune/gotune/internal/atomicdir"
	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/train"
)

// ExportFlags are export's.
type ExportFlags struct {
	Model      string `arg:"" help:"A run's folder, whose best model is taken, or a model's."`
	Checkpoint string `help:"Weights of a run's checkpoint instead of the best: a step, or last. Averaged ones, if the run averages." placeholder:"STEP"`
	To         string `required:"" help:"Folder to write; it must not hold anything." placeholder:"DIR"`
	DType      string `name:"dtype" default:"fp32" enum:"fp32,fp16,bf16" help:"Type of the weights: fp32, or fp16 or bf16, which take half the space. Running statistics of batch norms keep theirs."`
}

var exportTypes = map[string]tensorfile.DType{"fp32": tensorfile.F32, "fp16": tensorfile.F16, "bf16": tensorfile.BF16}

// Validate reports every fault at once.
func (f ExportFlags) Validate() error {
	if f.Checkpoint == "" || f.Checkpoint == "last" {
		return nil
	}
	if n, err := strconv.Atoi(f.Checkpoint); err != nil || n < 0 {
		return fmt.Errorf("--checkpoint: %q, want a step or last", f.Checkpoint)
	}
	return nil
}

// weights opens those that are to be exported.
func (f ExportFlags) weights(dir string) (*tensorfile.File, error) {
	if f.Checkpoint == "" {
		return tensorfile.OpenDir(dir)
	}
	run := hub.ExpandHome(f.Model)
	if !exists(filepath.Join(run, runName)) {
		return nil, fmt.Errorf("--checkpoint: %s is not a run", f.Model)
	}
	step := -1
	if f.Checkpoint != "last" {
		step, _ = strconv.Atoi(f.Checkpoint) // Validate has looked at it
	}
	path, err := train.CheckpointWeights(run, step)
	if err != nil {
		return nil, fmt.Errorf("--checkpoint: %w", err)
	}
	return tensorfile.Open(path)
}

// Export copies the model folder dir to f.To with its weights in the type asked
// for, and reads them back. config rewrites config.json for that type.
func Export(dir string, f ExportFlags, config func(data []byte, dtype string) ([]byte, error)) error {
	// What is at f.To is replaced, and so must be an empty folder or nothing.
	entries, err := os.ReadDir(f.To)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Usagef("--to: %w", err)
	}
	if len(entries) > 0 {
		return Usagef("--to: %s is not empty", f.To)
	}
	w, err := f.weights(dir)
	if err != nil {
		return Usage(err)
	}
	defer w.Close()
	return atomicdir.Replace(f.To, func(tmp string) error {
		if err := exportWeights(w, filepath.Join(tmp, "model.safetensors"), exportTypes[f.DType]); err != nil {
			return err
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range files {
			// Stat, not the entry: a hub cache holds links.
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() && !holdsWeights(e.Name()) {
				if err := exportFile(filepath.Join(dir, e.Name()), filepath.Join(tmp, e.Name()), f.DType, config); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// holdsWeights says whether a model's file holds weights, or lists those that do:
// what is written takes the place of them all.
func holdsWeights(name string) bool {
	switch filepath.Ext(strings.TrimSuffix(name, ".index.json")) {
	case ".safetensors", ".bin", ".pt", ".pth", ".h5", ".ckpt", ".onnx", ".msgpack", ".ot":
		return true
	}
	return false
}

func exportFile(from, to, dtype string, config func([]byte, string) ([]byte, error)) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if filepath.Base(from) == "config.json" && config != nil {
		if data, err = config(data, dtype); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	return os.WriteFile(to, data, 0o644)
}

// exportWeights writes w's tensors, the floating-point ones as to, and compares
// what the file then holds with what was meant.
func exportWeights(w *tensorfile.File, path string, to tensorfile.DType) error {
	var out []tensorfile.Tensor
	for t := range w.All() {
		if !strings.Contains(t.Name, ".running_") { // a variance may be beyond half precision
			var err error
			if t, err = t.As(to); err != nil {
				return fmt.Errorf("%s: tensor %q: %w", w.Path(), t.Name, err)
			}
		}
		out = append(out, t)
	}
	if err := tensorfile.Write(path, out, nil); err != nil {
		return err
	}
	back, err := tensorfile.Open(path)
	if err != nil {
		return err
	}
	defer back.Close()
	for _, t := range out {
		got, ok := back.Tensor(t.Name)
		if !ok || got.DType != t.DType || string(got.Data) != string(t.Data) {
			return fmt.Errorf("%s: tensor %q is not what was written", path, t.Name)
		}
	}
	return nil
}
