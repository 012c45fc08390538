package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/tensorfile"
)

// A model is written where nothing is, and in the place of nothing else.
func TestExportReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	model, to := filepath.Join(dir, "model"), filepath.Join(dir, "to")
	if err := os.Mkdir(model, 0o755); err != nil {
		t.Fatal(err)
	}
	w := []tensorfile.Tensor{{Name: "w", DType: tensorfile.F32, Shape: []int{1}, Data: make([]byte, 4)}}
	if err := tensorfile.Write(filepath.Join(model, "model.safetensors"), w, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte("a thesis"), 0o644); err != nil {
		t.Fatal(err)
	}
	var use *UsageError
	err := Export(model, ExportFlags{To: to, DType: "fp32"}, nil)
	if !errors.As(err, &use) || !strings.HasPrefix(err.Error(), "--to: ") || !strings.Contains(err.Error(), to) {
		t.Errorf("onto a file: error %v", err)
	}
	if data, err := os.ReadFile(to); string(data) != "a thesis" || err != nil {
		t.Fatalf("the file holds %q, %v", data, err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := Export(model, ExportFlags{To: to, DType: "fp32"}, nil); err != nil {
		t.Errorf("where nothing is: %v", err)
	}
	if err := Export(model, ExportFlags{To: to, DType: "fp32"}, nil); err == nil || err.Error() != "--to: "+to+" is not empty" {
		t.Errorf("onto a model: error %v", err)
	}
}
