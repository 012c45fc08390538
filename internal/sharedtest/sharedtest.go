// Package sharedtest finds the models, data and goldens that lie beside the
// project on a developer's machine. Nothing a user needs is there, so a test
// that wants them skips where they are absent.
package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder of shared material: $GOTUNE_SHARED, or ../shared seen
// from the module's root. It skips the test, with the reason, where there is
// none.
func Dir(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("GOTUNE_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared")
	}
	dir = filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("shared material is not at hand: %v", err)
	}
	return dir
}

// Root returns the module's root: the nearest folder above the test that holds
// go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working folder")
		}
	}
}
