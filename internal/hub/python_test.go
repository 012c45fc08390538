package hub

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python runs a program on huggingface_hub, by $GOTUNE_PYTHON or python3.
func python(t *testing.T, f *fixture, offline, program string) string {
	t.Helper()
	name := os.Getenv("GOTUNE_PYTHON")
	if name == "" {
		name = "python3"
	}
	if err := exec.Command(name, "-c", "import huggingface_hub").Run(); err != nil {
		t.Skipf("%s has no huggingface_hub: %v (set GOTUNE_PYTHON)", name, err)
	}
	cmd := exec.Command(name, "-c", program)
	cmd.Env = append(os.Environ(), "HF_HOME="+filepath.Dir(f.o.CacheDir), "HF_HUB_CACHE="+f.o.CacheDir,
		"HF_ENDPOINT="+f.URL, "HF_HUB_OFFLINE="+offline, "HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_DISABLE_PROGRESS_BARS=1",
		"HF_HUB_DISABLE_XET=1", "NO_PROXY=127.0.0.1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// What was fetched here opens in Python without a network, by branch and by
// commit; that a file does not exist is known there too, and nothing in the
// cache looks broken.
func TestPythonOpensOurs(t *testing.T) {
	f := newFixture(t)
	r, err := f.c.Resolve(t.Context(), "org/name", Text)
	if err != nil {
		t.Fatal(err)
	}
	got := python(t, f, "1", `
from huggingface_hub import hf_hub_download, snapshot_download, scan_cache_dir, try_to_load_from_cache, _CACHED_NO_EXIST
import os
names = ["config.json", "tokenizer_config.json", "tokenizer.json", "vocab.txt", "model.safetensors"]
for revision in ("main", "`+commitA+`"):
    for name in names:
        path = hf_hub_download("org/name", name, revision=revision)
        assert os.path.exists(path), path
assert try_to_load_from_cache("org/name", "special_tokens_map.json") is _CACHED_NO_EXIST
info = scan_cache_dir()
assert not info.warnings, info.warnings
repo, = info.repos
revision, = repo.revisions
assert repo.repo_id == "org/name" and revision.refs == {"main"} and len(revision.files) == len(names), repo
print(snapshot_download("org/name"))
`)
	if got != r.Dir {
		t.Errorf("Python finds %q, want %q", got, r.Dir)
	}
}

// What Python fetched opens here without a network, and online it is not
// fetched again.
func TestOpensPythons(t *testing.T) {
	f := newFixture(t)
	python(t, f, "0", `
from huggingface_hub import hf_hub_download
for name in ["config.json", "tokenizer.json", "vocab.txt", "model.safetensors"]:
    print(hf_hub_download("org/name", name))
`)
	gets := f.Count("GET", "")
	f.o.Offline = true
	r, err := newClient(t, f.o).Resolve(t.Context(), "org/name", Text)
	if err != nil || r.Revision != commitA || len(r.Files) != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	if !bytes.Equal(read(t, filepath.Join(r.Dir, "model.safetensors")), f.weights) {
		t.Error("the content differs")
	}
	online, err := f.c.Resolve(t.Context(), "org/name", Text)
	if err != nil || online.Dir != r.Dir {
		t.Errorf("%+v, %v", online, err)
	}
	if n := f.Count("GET", "") - gets; n != 1 { // tokenizer_config.json, which Python did not want
		t.Errorf("%d files fetched, want 1", n)
	}
}
