package killtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorboard"
)

// read returns what a run ended with, by file: all that it wrote but pictures of
// it, the checkpoints before the newest, and times.
func read(t *testing.T, run, stdout string) map[string]string {
	t.Helper()
	out := map[string]string{"stdout": withoutTimes(t, "stdout", []byte(stdout))}
	newest := ""
	dirs, err := filepath.Glob(filepath.Join(run, "checkpoints", "step-*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%s: no checkpoint: %v", run, err)
	}
	for _, d := range dirs {
		newest = max(newest, d)
	}
	err = filepath.WalkDir(run, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(run, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir() && name == "tensorboard":
			out[name] = curves(t, path)
			return fs.SkipDir
		case e.IsDir() && filepath.Dir(name) == "checkpoints" && path != newest && !strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir() && !strings.HasPrefix(e.Name(), "."):
			return nil
		case e.IsDir():
			out[name] = "left behind"
			return fs.SkipDir
		}
		ext := filepath.Ext(name)
		if ext == ".html" || ext == ".png" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out[name] = string(data)
		if ext == ".jsonl" || filepath.Base(name) == "progress.json" {
			out[name] = withoutTimes(t, name, data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// curves are what TensorBoard shows, a line for each point, but for times.
func curves(t *testing.T, dir string) string {
	t.Helper()
	found, err := tensorboard.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(tag, "speed/") || strings.HasSuffix(tag, "seconds") {
			continue
		}
		for _, p := range found[tag] {
			fmt.Fprintln(&out, tag, p.Step, p.Value)
		}
	}
	return out.String()
}

// withoutTimes drops from JSON what no two runs share.
func withoutTimes(t *testing.T, name string, data []byte) string {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		dec.UseNumber() // the digits as they are
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := enc.Encode(strip(v)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return out.String()
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			switch {
			case key == "run", key == "model", key == "peak_rss_bytes", strings.HasSuffix(key, "seconds"), strings.HasSuffix(key, "per_second"):
				delete(v, key)
			default:
				v[key] = strip(x)
			}
		}
	case []any:
		for i, x := range v {
			v[i] = strip(x)
		}
	}
	return v
}

func compare(t *testing.T, run string, want, got map[string]string) {
	t.Helper()
	if d := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); d != "" {
		t.Errorf("%s: its files differ:\n%s", run, d)
	}
	for name, w := range want {
		g, ok := got[name]
		if !ok || g == w {
			continue
		}
		if strings.HasSuffix(name, ".safetensors") {
			t.Errorf("%s: %s differs", run, name)
			continue
		}
		t.Errorf("%s: %s differs:\n%s", run, name, cmp.Diff(w, g))
	}
}
