package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gotune/gotune/pkg/train"
)

type runOptions struct {
	Data   string `yaml:"data"`
	Epochs int    `yaml:"epochs"`
}

func aRun() RunFile {
	r := RunFile{Program: "bertft", Options: runOptions{"films.csv", 3}}
	r.Versions.Gotune, r.Versions.Go, r.Versions.Libtorch = "v1", "go1.26", "2.11.0"
	r.Model.Source, r.Model.Classes = "tiny", []string{"neg", "pos: \"quoted\"", "3"}
	r.Data.Training, r.Data.Validation, r.Data.Fingerprint = 32, 8, "ab/cd"
	r.Machine.Device, r.Machine.Precision, r.Machine.Threads = "cpu", "float32", 2
	return r
}

func TestRunFileReadsBack(t *testing.T) {
	dir := t.TempDir()
	r := aRun()
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	var o runOptions
	got, err := ReadRun(dir, &o)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Options, any(o)); d != "" {
		t.Error(d)
	}
	got.Options, r.Options = nil, nil
	if d := cmp.Diff(r, got, cmpopts.IgnoreUnexported(RunFile{})); d != "" {
		t.Error(d)
	}
	if d := r.differences(got); len(d) != 0 {
		t.Errorf("differs from itself: %q", d)
	}
}

func TestRunFileDifferences(t *testing.T) {
	for _, c := range []struct {
		change func(*RunFile)
		want   []string
	}{
		{func(r *RunFile) { r.Versions.Libtorch = "2.12" }, []string{"libtorch was 2.11.0, is 2.12 (version)"}},
		{func(r *RunFile) { r.Versions.Gotune = "v2" }, []string{"gotune was v1, is v2 (version)"}},
		{func(r *RunFile) { r.Machine.Device = "cuda:0" }, []string{"the device was cpu, is cuda:0 (machine)"}},
		{func(r *RunFile) { r.Machine.Precision = "bfloat16" }, []string{"the precision was float32, is bfloat16 (machine)"}},
		{func(r *RunFile) { r.Machine.Threads = 4 }, []string{"the number of threads was 2, is 4 (machine)"}},
		{func(r *RunFile) { r.Data.Training = 4 }, []string{"the number of training examples was 32, is 4 (data)"}},
		{func(r *RunFile) { r.Data.Validation = 4 }, []string{"the number of validation examples was 8, is 4 (data)"}},
		{func(r *RunFile) { r.Data.Fingerprint = "x" }, []string{"the data's fingerprint was ab/cd, is x (data)"}},
		{func(r *RunFile) {
			r.Data.Fingerprint = strings.Repeat("0123456789abcdef", 4) + "/" + strings.Repeat("f", 64)
		}, []string{"the data's fingerprint was ab/cd, is 0123456789ab/ffffffffffff (data)"}},
		{func(r *RunFile) { r.Model.Classes = []string{"a", "b"} }, []string{`the classes was [neg pos: "quoted" 3], is [a b] (data)`}},
		{func(r *RunFile) { r.Versions.Go = "go1.27" }, nil}, // the arithmetic is libtorch's
		{func(r *RunFile) { r.Model.Source = "elsewhere" }, nil},
		{func(r *RunFile) { r.Machine.Threads, r.Data.Training = 1, 2 }, []string{"the number of threads was 2, is 1 (machine)", "the number of training examples was 32, is 2 (data)"}},
	} {
		now := aRun()
		c.change(&now)
		var got []string
		for _, d := range aRun().differences(now) {
			got = append(got, d.String())
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestBeginRefusesAnotherRun(t *testing.T) {
	was, now := aRun(), aRun()
	now.Machine.Threads = 1
	o := TrainOptions{Out: t.TempDir(), Resume: &was}
	err := o.begin(now)
	if use := new(UsageError); !errors.As(err, &use) || !strings.Contains(err.Error(), "threads was 2, is 1") || !strings.Contains(err.Error(), "--allow-change") {
		t.Errorf("error %v", err)
	}
	for _, c := range []struct {
		allow []string
		ok    bool
	}{{[]string{"machine"}, true}, {[]string{"data", "machine"}, true}, {[]string{"data"}, false}} {
		o.AllowChange = c.allow
		if err := o.begin(now); (err == nil) != c.ok {
			t.Errorf("--allow-change %v: %v", c.allow, err)
		}
	}
}

// Where pictures are kept does not make another run, also where the checkpoint was
// written when it did.
func TestHarmlessFlags(t *testing.T) {
	options := struct {
		Cache  string `yaml:"cache"`
		Size   string `yaml:"cache-size"`
		Epochs int    `yaml:"epochs"`
	}{"off", "1GiB", 3}
	got, err := flatten(options)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"--epochs": "3"}, got); d != "" {
		t.Error(d)
	}
	for flag, want := range map[string]bool{"--cache": true, "--cache-size": true, "--epochs": false} {
		if got := (TrainOptions{}).allowed(flag); got != want {
			t.Errorf("%s may change: %t", flag, got)
		}
	}
}

func TestReadRunFaults(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"program: [", "run.yaml: "},
		{"program: bertft\noptions:\n  epochs: many\n", "run.yaml: "},
		{"- 1\n", "run.yaml: "},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, runName), []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadRun(dir, &runOptions{})
		if use := new(UsageError); !errors.As(err, &use) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v", c.content, err)
		}
	}
	if _, err := ReadRun(t.TempDir(), &runOptions{}); err == nil || !strings.Contains(err.Error(), "is no run") {
		t.Errorf("empty folder: error %v", err)
	}
	env := &Env{Program: "bertft"}
	if err := (RunFile{Program: "vggft"}).CheckProgram(env, "r"); err == nil || err.Error() != `r is a run of "vggft", not of bertft` {
		t.Errorf("another program's: error %v", err)
	}
	if err := aRun().CheckProgram(env, "r"); err != nil {
		t.Errorf("its own: %v", err)
	}
}

func TestJournal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, metricsName)
	read := func() string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	write := func(step, epochs int, events ...train.Event) {
		t.Helper()
		j, err := openJournal(dir, train.ResumeEvent{Dir: "checkpoint", Step: step, Epochs: epochs})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := j.write(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 0, train.StepEvent{Step: 1, Loss: 0.5}, train.EvalEvent{Done: 1, Total: 2}, train.StepEvent{Step: 2, Loss: 0.25},
		train.EpochEvent{EpochResult: train.EpochResult{Epoch: 1, Step: 2}, Best: true})
	whole := read()
	if n := strings.Count(whole, "\n"); n != 3 {
		t.Fatalf("%d lines, want 3:\n%s", n, whole)
	}
	for _, want := range []string{`{"type":"step","step":1,`, `{"type":"epoch","epoch":1,"step":2,`} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %s in\n%s", want, whole)
		}
	}
	// Resumed after step 1: the lines of step 2 are written anew.
	write(1, 0, train.StepEvent{Step: 2, Loss: 0.25}, train.EpochEvent{EpochResult: train.EpochResult{Epoch: 1, Step: 2}, Best: true})
	if d := cmp.Diff(whole, read()); d != "" {
		t.Error(d)
	}
	// Resumed between the epoch's last step and its evaluation, by a run that was
	// killed after the evaluation.
	write(2, 0, train.EpochEvent{EpochResult: train.EpochResult{Epoch: 1, Step: 2}, Best: true})
	if d := cmp.Diff(whole, read()); d != "" {
		t.Error(d)
	}
	// A crash cut the last line, or left zeros.
	for _, tail := range []string{`{"type":"step","step":3`, "\x00\x00\n", "{}{\n"} {
		if err := os.WriteFile(path, []byte(whole+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		write(9, 9)
		if d := cmp.Diff(whole, read()); d != "" {
			t.Errorf("after %q: %s", tail, d)
		}
	}
}

func TestJournalKeepsItsFirstError(t *testing.T) {
	j, err := openJournal(t.TempDir(), train.ResumeEvent{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	first := j.write(train.StepEvent{Step: 1})
	if first == nil || !strings.Contains(first.Error(), metricsName) {
		t.Errorf("error %v, want one that names the file", first)
	}
	if err := j.write(train.EvalEvent{}); !errors.Is(err, first) {
		t.Errorf("then %v", err)
	}
}

func TestCheckOut(t *testing.T) {
	dir := t.TempDir()
	if err := CheckOut(filepath.Join(dir, "new", "run")); err != nil {
		t.Errorf("a new folder: %v", err)
	}
	if err := CheckOut(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	for name, want := range map[string]string{
		"a.txt": "is not empty", runName: "holds another run", modelName: "holds another run", "checkpoints": "holds another run",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		err := CheckOut(dir)
		if use := new(UsageError); !errors.As(err, &use) || !strings.Contains(err.Error(), "--out: "+dir+" "+want) {
			t.Errorf("%s: error %v", name, err)
		}
		if err := CheckOut(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: a file may be --out", name)
		}
	}
}
