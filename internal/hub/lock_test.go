package hub

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Many goroutines of several processes want the same model: each file is
// fetched once.
func TestTwoProcesses(t *testing.T) {
	f := newFixture(t)
	f.CDNFault = func(http.ResponseWriter, *http.Request, int) bool {
		time.Sleep(300 * time.Millisecond) // long enough for the others to come
		return false
	}
	var wg sync.WaitGroup
	outputs := make([]string, 3)
	for i := range outputs {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = []string{
				childRef + "=org/name", "HF_HUB_CACHE=" + f.o.CacheDir, "HF_ENDPOINT=" + f.URL,
				"HOME=" + t.TempDir(), "NO_PROXY=127.0.0.1",
			}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("process %d: %v\n%s", i, err, stderr.String())
			}
			outputs[i] = strings.TrimSpace(string(out))
		})
		wg.Go(func() {
			if _, err := f.c.Resolve(t.Context(), "org/name", Text); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, dir := range outputs {
		if !bytes.Equal(read(t, filepath.Join(dir, "model.safetensors")), f.weights) {
			t.Error("the content differs")
		}
	}
	if n := len(f.ranges()); n != 1 {
		t.Errorf("the weights were fetched %d times", n)
	}
}

// The lock is waited for no longer than the context allows.
func TestLockCancelled(t *testing.T) {
	f := newFixture(t)
	lock := filepath.Join(f.o.CacheDir, ".locks/models--org--name", filepath.Base(f.blob)+".lock")
	err := f.c.locked(t.Context(), lock, "x", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := f.c.File(ctx, "org/name", "", "model.safetensors")
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
}
