package archcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const (
	module = "github.com/gotune/gotune/"
	gotch  = "github.com/sugarme/gotch"
)

// siblings are the parts that train puts together: any of them can be used, and
// understood, without the others.
var siblings = []string{"pkg/vision", "pkg/text", "pkg/freeze", "pkg/schedule"}

// pkg is what `go list -json` says of a package, or of its variant for a test.
type pkg struct {
	ImportPath string
	ForTest    string
	Imports    []string
	Deps       []string
}

// path is the package's folder in the module. A test variant is listed as
// "p [p.test]", "p_test [p.test]" or "p.test".
func (p pkg) path() string {
	path, _, _ := strings.Cut(p.ImportPath, " ")
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".test"), "_test")
	return strings.TrimPrefix(path, module)
}

func (p pkg) test() bool { return p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test") }

// mustBePure says whether the package at path must build and test without
// libtorch.
func mustBePure(path string) bool {
	if path == "internal/cli" || strings.HasPrefix(path, "internal/cli/") {
		return false
	}
	return path == "pkg/freeze" || path == "pkg/schedule" || strings.HasPrefix(path, "internal/")
}

func checkImports(root string) ([]Finding, error) {
	pkgs, err := list(root)
	if err != nil {
		return nil, err
	}
	var out []Finding
	found := func(p pkg, format string, args ...any) {
		out = append(out, Finding{File: p.path(), Text: fmt.Sprintf(format, args...)})
	}
	impure := make(map[string]bool)
	for _, p := range pkgs {
		path := p.path()
		if mustBePure(path) && !impure[path] && slices.ContainsFunc(p.Deps, isGotch) {
			impure[path] = true
			how := "imports"
			if p.test() {
				how = "its tests import"
			}
			found(p, "must build and test without libtorch, but %s it", how)
		}
		for _, imp := range p.Imports {
			imp, _, _ = strings.Cut(imp, " ")
			if (imp == "C" || isGotch(imp)) && path != "pkg/torch" && !(imp == "C" && path == "internal/pixels") {
				found(p, "imports %q, which only pkg/torch may", imp)
			}
			imp = strings.TrimPrefix(imp, module)
			if !p.test() && slices.Contains(siblings, path) && (imp == "pkg/train" || slices.Contains(siblings, imp)) {
				found(p, "imports %s; vision, text, freeze and schedule stand alone", imp)
			}
		}
	}
	return out, nil
}

func isGotch(path string) bool { return path == gotch || strings.HasPrefix(path, gotch+"/") }

// list returns the module's packages and their test variants.
func list(root string) ([]pkg, error) {
	cmd := exec.Command("go", "list", "-test", "-json=ImportPath,ForTest,Imports,Deps", "./...")
	cmd.Dir = root
	// Without cgo, go list leaves files and imports out.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd, err, stderr.Bytes())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", cmd, err)
		}
		pkgs = append(pkgs, p)
	}
}
