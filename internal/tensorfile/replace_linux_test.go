package tensorfile

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWriteNoSpace writes 1 MiB where the system takes 64 KiB. A limit on file
// size stands in for a full disk: both fail in the middle of a write.
func TestWriteNoSpace(t *testing.T) {
	const env = "TENSORFILE_NO_SPACE"
	if path := os.Getenv(env); path != "" {
		// SIGXFSZ comes with the error and would end the process first.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
			t.Fatal(err)
		}
		n := 1 << 20
		err := Write(path, []Tensor{{Name: "w", DType: U8, Shape: []int{n}, Data: make([]byte, n)}}, nil)
		if err == nil || err.Error() != "write "+path+": file too large" {
			t.Fatalf("error %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	// In a process of its own: the limit cannot be lifted again.
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriteNoSpace$", "-test.count=1")
	cmd.Env = append(os.Environ(), env+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the old file now holds %d bytes", len(data))
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files are left, want 1", len(files))
	}
}
