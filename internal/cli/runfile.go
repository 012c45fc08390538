package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/google/renameio/v2"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// RunFile is run.yaml: all that made a run, for its reader and for resume.
type RunFile struct {
	Program  string `yaml:"program"`
	Versions struct {
		Gotune   string `yaml:"gotune"`
		Go       string `yaml:"go"`
		Libtorch string `yaml:"libtorch"`
	} `yaml:"versions"`
	Model struct {
		Source   string   `yaml:"source"`             // where --model was found
		Revision string   `yaml:"revision,omitempty"` // the hub's commit
		Classes  []string `yaml:"classes"`
	} `yaml:"model"`
	Data struct {
		Training    int    `yaml:"training"` // examples
		Validation  int    `yaml:"validation"`
		Fingerprint string `yaml:"fingerprint"`
		Pairs       *bool  `yaml:"pairs,omitempty"` // all training texts are pairs, or none is; nil: neither, or they are no texts
		// Columns that were taken of a table of texts.
		Columns Columns `yaml:"columns,omitempty"`
	} `yaml:"data"`
	Machine struct {
		Device    string `yaml:"device"`
		Precision string `yaml:"precision"`
		Threads   int    `yaml:"threads"`
	} `yaml:"machine"`
	Folder  string `yaml:"folder"`  // that relative paths in the options begin at
	Options any    `yaml:"options"` // the verb's flags, resolved

	given yaml.Node // the options as the file that was read has them
}

// Columns are text.Columns.
type Columns struct {
	Text  string `yaml:"text,omitempty"`
	Pair  string `yaml:"pair,omitempty"`
	Label string `yaml:"label,omitempty"`
}

const (
	runName     = "run.yaml"
	metricsName = "metrics.jsonl"
	modelName   = "model"
)

// Version returns the module's version as it was built.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func newRunFile(program string, rt *torch.Runtime) RunFile {
	r := RunFile{Program: program}
	r.Folder, _ = os.Getwd() // "" where it is gone: then paths are as they are
	r.Versions.Gotune, r.Versions.Go, r.Versions.Libtorch = Version(), runtime.Version(), torch.Version()
	r.Machine.Device, r.Machine.Threads = rt.Device().String(), rt.Threads()
	r.Machine.Precision = rt.Autocast().String()
	return r
}

// difference is what has changed between the run as it began and as it would go
// on: it would make another run of it.
type difference struct {
	name    string // by which --allow-change lets it through
	what    string
	was, is any
}

func (d difference) String() string {
	return fmt.Sprintf("%s was %v, is %v (%s)", d.what, d.was, d.is, d.name)
}

// changeNames are what --allow-change takes, beside the names of flags.
const changeNames = "data, model, version, machine, options"

// badChange says so of a name.
func badChange(name string) error {
	return fmt.Errorf("--allow-change: %q, want %s or the name of a flag of train", name, changeNames)
}

// differences lists what has changed.
func (r RunFile) differences(now RunFile) []difference {
	var out []difference
	add := func(name, what string, was, is any) {
		if fmt.Sprint(was) != fmt.Sprint(is) {
			out = append(out, difference{name, what, was, is})
		}
	}
	add("version", "libtorch", r.Versions.Libtorch, now.Versions.Libtorch)
	add("version", "gotune", r.Versions.Gotune, now.Versions.Gotune)
	add("machine", "the device", r.Machine.Device, now.Machine.Device)
	add("machine", "the precision", r.Machine.Precision, now.Machine.Precision)
	add("machine", "the number of threads", r.Machine.Threads, now.Machine.Threads)
	add("data", "the number of training examples", r.Data.Training, now.Data.Training)
	add("data", "the number of validation examples", r.Data.Validation, now.Data.Validation)
	if was, is := r.Data.Fingerprint, now.Data.Fingerprint; was != is {
		out = append(out, difference{"data", "the data's fingerprint", shortened(was), shortened(is)})
	}
	add("model", "the model's revision", r.Model.Revision, now.Model.Revision)
	add("data", "the classes", r.Model.Classes, now.Model.Classes)
	return out
}

// shortened is the beginning of each of a fingerprint's sums, which is enough to tell
// two apart; where only one has a second sum, that is seen too.
func shortened(fingerprint string) string {
	sums := strings.Split(fingerprint, "/")
	for i, s := range sums {
		sums[i] = s[:min(len(s), 12)]
	}
	return strings.Join(sums, "/")
}

func (r RunFile) write(dir string) error {
	data, err := yaml.Marshal(r)
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, runName), data, 0o644)
}

// CheckProgram reports a run that another program made; name is its folder's or its
// file's.
func (r RunFile) CheckProgram(env *Env, name string) error {
	if r.Program != env.Program {
		return Usagef("%s is a run of %q, not of %s", name, r.Program, env.Program)
	}
	return nil
}

// ReadRun reads dir's run.yaml, its options into options.
func ReadRun(dir string, options any) (RunFile, error) {
	path := filepath.Join(dir, runName)
	data, err := os.ReadFile(path)
	if err != nil {
		return RunFile{}, Usagef("%s is no run: %w", dir, err)
	}
	var r RunFile
	var flags struct {
		Options yaml.Node `yaml:"options"`
	}
	if err = yaml.Unmarshal(data, &r); err == nil {
		err = yaml.Unmarshal(data, &flags)
	}
	if err == nil {
		r.given = flags.Options
		err = r.given.Decode(options)
	}
	if err != nil {
		return RunFile{}, Usagef("%s: %w", path, err)
	}
	return r, nil
}

// journal is metrics.jsonl: a line per step and per epoch.
type journal struct {
	f    *os.File
	enc  *json.Encoder
	last []train.Event // of the step that it was opened at
	err  error
}

// openJournal opens dir's metrics.jsonl, keeping its lines up to the checkpoint
// that the run goes on from, as it writes the later ones again; without one none,
// not even what came before the first step.
func openJournal(dir string, from train.ResumeEvent) (*journal, error) {
	path := filepath.Join(dir, metricsName)
	var kept []byte
	if from.Dir != "" {
		var err error
		if kept, err = journalUpTo(path, from.Step, from.Epochs); err != nil {
			return nil, err
		}
	}
	if err := renameio.WriteFile(path, kept, 0o644); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return &journal{f: f, enc: json.NewEncoder(f), last: eventsOf(kept, from.Step)}, nil
}

// write returns the first error there was, each time.
func (j *journal) write(e train.Event) error {
	var line any
	switch e := e.(type) {
	case train.StepEvent:
		line = struct {
			Type string `json:"type"`
			train.StepEvent
		}{"step", e}
	case train.EpochEvent:
		line = struct {
			Type string `json:"type"`
			train.EpochEvent
		}{"epoch", e}
	case train.UntrainedEvent:
		line = struct {
			Type string `json:"type"`
			train.UntrainedEvent
		}{"untrained", e}
	default:
		return j.err
	}
	if err := j.enc.Encode(line); err != nil && j.err == nil {
		j.err = err // names the file
	}
	return j.err
}

// sync sees to it that no checkpoint outlives, in a power cut, the lines before
// it.
func (j *journal) sync() error { return j.f.Sync() }

func (j *journal) close() error { return j.f.Close() }

// CheckOut reports an --out that holds something already, before anything is
// loaded.
func CheckOut(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return Usagef("--out: %w", err)
	}
	// A run that was killed before it wrote anything leaves its lock.
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == train.LockName })
	for _, e := range entries {
		if e.Name() == runName || e.Name() == modelName || e.Name() == "checkpoints" {
			return Usagef("--out: %s holds another run; choose another folder, or go on with it by resume", dir)
		}
	}
	if len(entries) > 0 {
		return Usagef("--out: %s is not empty", dir)
	}
	return nil
}
