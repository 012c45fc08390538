package hub

import (
	"bytes"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
)

func TestCorrupt(t *testing.T) {
	corrupt := func(f *fixture, times int) {
		f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n > times {
				return false
			}
			bad := bytes.Clone(f.weights)
			bad[12345] ^= 1
			return f.CutAfter(w, r, bad, len(bad))
		}
	}
	f := newFixture(t)
	corrupt(f, 1)
	f.mustFetch(t)

	f = newFixture(t)
	f.mustFetch(t)
	files := bert()
	files["model.safetensors"] = noise(1<<20, 2)
	f.Add("org/name", commitB, files)
	old, now := f.weights, files["model.safetensors"]
	f.weights = now
	f.ForgetCounts()
	corrupt(f, 99)
	_, err := f.fetch(t)
	var wrong *IntegrityError
	if !errors.As(err, &wrong) || wrong.Want != sha(now) {
		t.Fatalf("%v, want an IntegrityError", err)
	}
	mustContain(t, err, "model.safetensors", "fetched twice", "sha256")
	if !bytes.Equal(read(t, f.blob), old) {
		t.Error("the old weights were touched")
	}
	if matches, _ := filepath.Glob(f.blob + "*"); len(matches) != 1 {
		t.Errorf("remains: %v", matches)
	}
	if isFile(filepath.Join(f.o.CacheDir, "models--org--name/blobs", sha(now))) {
		t.Error("a corrupt file under its final name")
	}
}

// Small files carry git's own sum.
func TestCorruptSmall(t *testing.T) {
	f := newFixture(t)
	f.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method != http.MethodGet {
			return false
		}
		return f.CutAfter(w, r, []byte(`{"model_type":"bart"}`), 99)
	}
	_, err := f.c.File(t.Context(), "org/name", "", "config.json")
	mustContain(t, err, "config.json", "git-sha1")
}
