package archcheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gotune/gotune/internal/archcheck"
	"github.com/gotune/gotune/internal/sharedtest"
)

func TestModule(t *testing.T) {
	findings, err := archcheck.Check(sharedtest.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// TestRules shows that each rule bites. An archive is a small module; its
// comment lists the findings that it must give, and no others.
func TestRules(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := txtar.Write(a, dir); err != nil {
				t.Fatal(err)
			}
			// A stand-in for gotch: the rules are about who imports it.
			stub(t, dir, "go.mod", "module github.com/gotune/gotune\n\ngo 1.24\n\nrequire github.com/sugarme/gotch v0.0.0\n\nreplace github.com/sugarme/gotch => ./.gotch\n")
			stub(t, dir, ".gotch/go.mod", "module github.com/sugarme/gotch\n\ngo 1.24\n")
			stub(t, dir, ".gotch/libtch/libtch.go", "package libtch\n\ntype Ctensor *int\n")
			findings, err := archcheck.Check(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, f := range findings {
				got = append(got, f.String())
			}
			for line := range strings.Lines(string(a.Comment)) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					want = append(want, line)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func stub(t *testing.T, dir, name, data string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	stub(t, dir, "go.mod", "module m\n")
	stub(t, dir, "p/p.go", "package p\nfunc {\n")
	if f, err := archcheck.Check(dir); err == nil || !strings.Contains(err.Error(), "p.go:2") {
		t.Errorf("a file that does not parse: findings %v, error %v; want one that names p.go:2", f, err)
	}
}
