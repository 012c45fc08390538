package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gotune/gotune/internal/hub"
)

// Found is a pretrained model on this machine.
type Found struct {
	Path     string // its folder, or the file of its weights
	Source   string // how to name it to the user
	Revision string // the hub's commit; "" for what is from elsewhere
	Run      string // the folder of the run whose model it is; "" for another

	Architecture string // where the manifest knows it
}

// FindModel finds the model that ref names: a run's model/, a folder, a bundled or
// well-known name, or a Hugging Face id, which is fetched.
func FindModel(ctx context.Context, env *Env, ref, kind string) (Found, error) {
	ref = hub.ExpandHome(ref)
	if run, ok := runIn(ref); ok {
		if run.Program != "" {
			if err := run.CheckProgram(env, ref); err != nil {
				return Found{}, err
			}
		}
		dir := filepath.Join(ref, modelName)
		if !exists(dir) {
			return Found{}, Usagef("run %s has no model yet; go on with it: %s resume %s", ref, env.Program, ShellWord(ref))
		}
		return Found{Path: dir, Source: dir, Run: ref}, nil
	}
	o, err := hub.FromEnv()
	if err != nil {
		return Found{}, Usage(err)
	}
	show := newDownloads(env.Stderr)
	o.Progress = show.progress
	client, err := hub.New(o)
	if err != nil {
		return Found{}, err
	}
	defer client.Close()
	r, err := client.Resolve(ctx, ref, hub.Kind(kind))
	show.close()
	if err != nil {
		return Found{}, err
	}
	if r.File == "" && !holdsModel(r.Dir) {
		return Found{}, Usagef("%s is neither a run's folder nor a model's: it holds no run.yaml, no config.json and no weights", ref)
	}
	f := Found{Path: r.Path(), Source: r.Path(), Revision: r.Revision}
	if r.Entry != nil {
		f.Architecture = r.Entry.Architecture
	}
	if r.Source != "" && r.Source != f.Path {
		f.Source = fmt.Sprintf("%s (%s)", ref, r.Source)
	}
	return f, nil
}

// runIn reads the run.yaml in dir, which is a run's if dir is not itself a model:
// other tools write files of that name too, and ours may be kept beside a model. One
// that cannot be read may still have a model.
func runIn(dir string) (RunFile, bool) {
	if !exists(filepath.Join(dir, runName)) || exists(filepath.Join(dir, "config.json")) {
		return RunFile{}, false
	}
	run, err := ReadRun(dir, new(struct{}))
	return run, err != nil || run.Program != "" || !holdsModel(dir)
}

// holdsModel tells whether a folder has any part of a model, whose reader then says
// which it misses.
func holdsModel(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return slices.Contains([]string{"config.json", "tokenizer.json", "vocab.txt"}, e.Name()) || holdsWeights(e.Name())
	})
}

// Pin makes ref name the revision that the run began with, whatever its
// repository holds by now.
func (r RunFile) Pin(ref *string) {
	if r.Model.Revision != "" {
		*ref = hub.At(*ref, r.Model.Revision)
	}
}

// downloads shows files as they come: a line that is written over on a terminal,
// a line every ten seconds elsewhere.
type downloads struct {
	out  *os.File
	tty  bool
	last time.Time
	open bool
}

func newDownloads(out *os.File) *downloads {
	return &downloads{out: out, tty: isTerminal(out)}
}

func (d *downloads) progress(file string, done, total int64) {
	finished := done == total
	every := 10 * time.Second
	if d.tty {
		every = 200 * time.Millisecond
	}
	if !finished && time.Since(d.last) < every {
		return
	}
	d.last = time.Now()
	size := "?"
	if total >= 0 {
		size = bytesString(uint64(total))
	}
	line := fmt.Sprintf("fetching %s  %s of %s", file, bytesString(uint64(max(done, 0))), size)
	if !d.tty {
		fmt.Fprintln(d.out, line)
		return
	}
	fmt.Fprintf(d.out, "\r\x1b[K%s", line)
	d.open = true
	if finished {
		d.close()
	}
}

func (d *downloads) close() {
	if d.open {
		fmt.Fprintln(d.out)
		d.open = false
	}
}
