package archcheck

import (
	"errors"
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const torchDir = "pkg/torch"

var shimFunction = regexp.MustCompile(`(?m)^gt_error (gt_\w+)\(`)

// fallible returns the names of the shim's functions that return an error.
func fallible(root string) (map[string]bool, error) {
	name := filepath.Join(root, torchDir, "shim.h")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool)
	for _, m := range shimFunction.FindAllSubmatch(data, -1) {
		out[string(m[1])] = true
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no function that returns gt_error", name)
	}
	return out, nil
}

func checkTorch(root string, files []*file) ([]Finding, error) {
	shim, err := fallible(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // another module than ours, in a test
	}
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, f := range files {
		if !f.in(torchDir) || f.test() {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				c := newCalls(f, fn, shim)
				c.check()
				out = append(out, c.findings...)
			}
		}
	}
	return out, nil
}

// calls checks one function's calls into libtorch.
type calls struct {
	*file
	fn       *ast.FuncDecl
	shim     map[string]bool
	next     map[ast.Stmt]ast.Stmt // the statement after each, in its block
	outs     map[string]bool       // variables that an operator writes its result to
	raws     map[string]bool       // the same of the shim's functions
	seen     *alive
	touches  bool // it calls into libtorch itself
	findings []Finding
}

func newCalls(f *file, fn *ast.FuncDecl, shim map[string]bool) *calls {
	c := &calls{file: f, fn: fn, shim: shim, next: make(map[ast.Stmt]ast.Stmt), outs: make(map[string]bool), raws: make(map[string]bool), seen: newAlive(fn)}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			c.order(n.List)
		case *ast.CaseClause:
			c.order(n.Body)
		case *ast.CallExpr:
			name := text(n.Fun)
			c.touches = c.touches || strings.HasPrefix(name, "C.gt_") || slices.Contains(carriers, name)
		case *ast.ValueSpec:
			for _, name := range n.Names {
				c.outs[name.Name] = c.outs[name.Name] || text(n.Type) == "libtch.Ctensor"
				c.raws[name.Name] = c.raws[name.Name] || text(n.Type) == "raw"
			}
		}
		return true
	})
	return c
}

func (c *calls) order(stmts []ast.Stmt) {
	for i, s := range stmts[:max(len(stmts)-1, 0)] {
		c.next[s] = stmts[i+1]
	}
}

func (c *calls) found(n ast.Node, format string, args ...any) {
	c.findings = append(c.findings, c.finding(n, c.fn.Name.Name+": "+format, args...))
}

// harmless are the names of libtch that cannot fail: types, and what makes and
// frees. Each of the latter has its own rule.
var harmless = []string{"Ctensor", "Cscalar", "AtFree", "AtsFree", "AtsInt", "AtsFloat", "GetAndResetLastErr"}

// only says which functions alone may call what would be unsafe elsewhere.
var only = map[string][]string{
	"libtch.AtFree":             {"freeRaw", "inPlace"},
	"libtch.GetAndResetLastErr": {"libtchErr"},
	"C.gt_grad_set":             {"newScope", "Close"},
	"C.gt_autocast_set":         {"newScope", "Close"},
	"runtime.SetFinalizer":      {},
	"runtime.AddCleanup":        {},
}

func (c *calls) check() {
	var stack []ast.Node
	ast.Inspect(c.fn.Body, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.GoStmt:
			c.found(n, "starts a goroutine; libtorch's modes and errors belong to the thread that holds the scope")
		case *ast.CallExpr:
			c.call(n, stack)
		case *ast.SelectorExpr:
			c.reference(n, stack)
		}
		return true
	})
}
