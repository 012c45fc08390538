package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFromEnv(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".cache/huggingface/token"), []byte("hf_file\r\n"))
	write(t, filepath.Join(dir, "hf/token"), []byte("hf_other\n"))
	for _, tt := range []struct {
		name string
		env  map[string]string
		want Options
	}{
		{"home", map[string]string{"HOME": dir}, Options{
			CacheDir: dir + "/.cache/huggingface/hub", FilesDir: dir + "/.cache/gotune/files", Token: "hf_file",
			Borrow: []string{dir + "/.cache/torch/hub/checkpoints", dir + "/.keras/models"},
		}},
		{"xdg", map[string]string{"HOME": dir, "XDG_CACHE_HOME": "/x"}, Options{
			CacheDir: "/x/huggingface/hub", FilesDir: "/x/gotune/files",
			Borrow: []string{"/x/torch/hub/checkpoints", dir + "/.keras/models"},
		}},
		{"hub", map[string]string{
			"HOME": dir, "HF_HOME": "~/hf", "HF_ENDPOINT": "https://m.example/", "HF_HUB_OFFLINE": "yes",
			"TORCH_HOME": "$HOME/t", "KERAS_HOME": "/k", "HF_HUB_ETAG_TIMEOUT": "3", "HF_HUB_DOWNLOAD_TIMEOUT": "60",
		}, Options{
			CacheDir: dir + "/hf/hub", FilesDir: dir + "/.cache/gotune/files", Endpoint: "https://m.example/", Offline: true, Token: "hf_other",
			Borrow: []string{dir + "/t/hub/checkpoints", "/k/models"}, CheckTimeout: 3 * time.Second, StallTimeout: time.Minute,
		}},
		{"token", map[string]string{
			"HOME": dir, "HF_TOKEN": " hf_env\n", "HF_HUB_CACHE": "/c", "TRANSFORMERS_OFFLINE": "1",
		}, Options{
			CacheDir: "/c", FilesDir: dir + "/.cache/gotune/files", Offline: true, Token: "hf_env",
			Borrow: []string{dir + "/.cache/torch/hub/checkpoints", dir + "/.keras/models"},
		}},
		{"no implicit token", map[string]string{"HOME": dir, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_HUB_OFFLINE": "0"}, Options{
			CacheDir: dir + "/.cache/huggingface/hub", FilesDir: dir + "/.cache/gotune/files",
			Borrow: []string{dir + "/.cache/torch/hub/checkpoints", dir + "/.keras/models"},
		}},
		{"nothing", nil, Options{}},
	} {
		got, err := fromEnv(func(name string) string { return tt.env[name] })
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		got.Weights = nil
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

func TestFromEnvFaults(t *testing.T) {
	for name, value := range map[string]string{
		"HF_ENDPOINT": "huggingface.co", "HF_TOKEN": "hf\x00x", "HF_HUB_ETAG_TIMEOUT": "soon",
	} {
		_, err := fromEnv(func(n string) string {
			return map[string]string{name: value}[n]
		})
		mustContain(t, err, name)
		if name == "HF_TOKEN" && strings.Contains(err.Error(), value) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

func TestFaultyEndpointHidesLogin(t *testing.T) {
	for _, endpoint := range []string{"https://me:se/cret@m.example", "ftp://me:secret@m.example", "https://me:secret@m.example?x=1"} {
		_, err := fromEnv(func(n string) string { return map[string]string{"HF_ENDPOINT": endpoint}[n] })
		mustContain(t, err, "HF_ENDPOINT", "@m.example")
		if strings.Contains(err.Error(), "me:") || strings.Contains(err.Error(), "cret") {
			t.Errorf("the error shows the login: %v", err)
		}
	}
}

func TestNoFolder(t *testing.T) {
	c := newClient(t, Options{})
	_, err := c.Resolve(t.Context(), "org/name", Text)
	mustContain(t, err, "HF_HOME")
	_, err = c.Resolve(t.Context(), "https://example.org/x.pth", Vision)
	mustContain(t, err, "XDG_CACHE_HOME")
}

// A clone has the command in bin/ beside weights/.
func TestWeightsDirs(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(exe)
	got := weightsDirs("/a" + string(os.PathListSeparator) + "/b")
	want := []string{"/a", "/b", filepath.Join(filepath.Dir(bin), "weights"), filepath.Join(bin, "weights"), filepath.Join(dir, "weights")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
