package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/train"
)

// A run's model on a disk that is full at times.
func TestKeeper(t *testing.T) {
	full := errors.New("no space left on device")
	for _, c := range []struct {
		name  string
		best  []int // epochs that are the best so far
		last  int   // epoch
		fails []int // which saves fail: 1 is the first
		old   bool  // model/ is there from before
		want  string
		holds string // content of model/; "": there is none
		warns int
	}{
		{"all well", []int{1, 2}, 3, nil, false, "", "epoch 2", 0},
		{"a later save succeeds", []int{1, 2}, 3, []int{1}, false, "", "epoch 2", 1},
		{"saved at the end", []int{1, 3}, 3, []int{1, 2}, false, "", "epoch 3", 2},
		{"the best is lost, the last is saved", []int{2}, 3, []int{1}, false, "the best model, of epoch 2, could not be saved: no space left on device\nDIR holds that of epoch 3", "epoch 3", 1},
		{"the best is lost, the one before stays", []int{1, 2}, 3, []int{2}, false, "the best model, of epoch 2, could not be saved: no space left on device\nDIR holds the best before it", "epoch 1", 1},
		{"nowhere but among temporary files", []int{1, 2}, 2, []int{1, 2, 3}, false, "trained, but no space left on device\nthe model is in TMP/model instead; make room, then move it to DIR", "", 2},
		{"nowhere", []int{1}, 1, []int{1, 2, 3}, false, "trained, but no space left on device\nmake room, then go on from the newest checkpoint, if there is one: bertft resume run", "", 1},
		{"ended before, without its model", nil, 2, nil, false, "", "epoch 2", 0},
		{"ended before, with its model", nil, 2, nil, true, "", "epoch 2", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			dir := filepath.Join(t.TempDir(), "model")
			put := func(dir string, epoch int) {
				if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "f"), fmt.Appendf(nil, "epoch %d", epoch), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			if c.old {
				put(dir, c.last)
			}
			epoch, saves, warns := 0, 0, 0
			k := keeper{
				dir: dir, resume: "bertft resume run", warn: func(string, ...any) { warns++ },
				save: func(dir string) error {
					saves++
					for _, n := range c.fails {
						if n == saves {
							return full
						}
					}
					put(dir, epoch)
					return nil
				},
			}
			r := train.Result{Best: &train.EpochResult{Epoch: c.last}}
			for _, b := range c.best {
				epoch = b
				r.Best.Epoch = b
				if err := k.try(dir); err != nil {
					t.Fatalf("a save that fails ends the run: %v", err)
				}
			}
			for e := range c.last {
				r.Epochs = append(r.Epochs, train.EpochResult{Epoch: e + 1})
			}
			epoch = c.last
			err := k.finish(r)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
				if found, _ := filepath.Glob(filepath.Join(tmp, "model-*")); len(found) == 1 {
					got = strings.ReplaceAll(got, found[0], "TMP")
				}
			}
			if got != c.want {
				t.Errorf("error %q\nwant  %q", got, c.want)
			}
			data, _ := os.ReadFile(filepath.Join(dir, "f"))
			if string(data) != c.holds {
				t.Errorf("model holds %q, want %q", data, c.holds)
			}
			if warns != c.warns {
				t.Errorf("%d warnings, want %d", warns, c.warns)
			}
		})
	}
}
