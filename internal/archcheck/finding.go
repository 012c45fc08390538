package archcheck

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Finding is a broken rule.
type Finding struct {
	File string // relative to the module's root; a package's path for imports
	Line int    // 0 for imports
	Text string
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
}

// Check applies every rule to the module in root. The error is for what cannot
// be read, not for broken rules.
func Check(root string) ([]Finding, error) {
	files, err := parse(root)
	if err != nil {
		return nil, err
	}
	findings, err := checkImports(root)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		findings = append(findings, checkSource(f)...)
	}
	torch, err := checkTorch(root, files)
	if err != nil {
		return nil, err
	}
	findings = append(findings, torch...)
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(findings), nil
}

// file is a parsed Go file of the module.
type file struct {
	*ast.File
	fset  *token.FileSet
	path  string // relative to the module's root
	lines int
}

func (f *file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) in(dir string) bool { return strings.HasPrefix(f.path, dir+"/") }

func (f *file) finding(n ast.Node, format string, args ...any) Finding {
	return Finding{File: f.path, Line: f.fset.Position(n.Pos()).Line, Text: fmt.Sprintf(format, args...)}
}

// parse reads the module's own Go files: no testdata, no nested module, nothing
// that only `go run FILE` builds.
func parse(root string) ([]*file, error) {
	var files []*file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "hack" || nested(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, &file{File: f, fset: fset, path: filepath.ToSlash(rel), lines: fset.File(f.Pos()).LineCount()})
		return nil
	})
	return files, err
}

func nested(dir string) bool {
	m, err := filepath.Glob(filepath.Join(dir, "go.mod"))
	return err == nil && len(m) > 0
}
