package archcheck

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// maxLines is where a file holds more than one idea; most have about 150.
const maxLines = 400

// vague package names tell nothing of what is inside.
var vague = []string{"util", "utils", "common", "helpers", "helper", "misc", "shared"}

func checkSource(f *file) []Finding {
	var out []Finding
	found := func(n ast.Node, format string, args ...any) { out = append(out, f.finding(n, format, args...)) }

	if slices.Contains(vague, strings.TrimSuffix(f.Name.Name, "_test")) {
		found(f.Name, "package %s: the name says nothing of what is inside", f.Name.Name)
	}
	if f.lines > maxLines && !f.test() {
		found(f.Name, "%d lines, want at most %d: it holds more than one idea", f.lines, maxLines)
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				found(n, "init function: who imports the package should decide what runs")
			}
			if must(n.Name.Name) {
				found(n, "%s: return an error instead", n.Name.Name)
			}
		case *ast.CallExpr:
			path, name := f.callee(n)
			switch {
			case path == "os" && name == "Exit" && !f.in("cmd") && !f.test():
				found(n, "os.Exit outside cmd/: return an error")
			case path == "log" && (strings.HasPrefix(name, "Fatal") || strings.HasPrefix(name, "Panic")) && !f.test():
				found(n, "log.%s: return an error", name)
			case path == "regexp" && name == "MustCompile" && len(n.Args) == 1 && constant(n.Args[0]):
				// It cannot fail for bad input: there is none.
			case must(name):
				found(n, "%s panics or exits: use what returns an error", name)
			}
		}
		return true
	})
	return out
}

// must says whether name is Must, or begins with it as a word.
func must(name string) bool {
	rest, ok := strings.CutPrefix(name, "Must")
	return ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

func constant(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// callee returns the name of what is called and, where it is a package's
// function, the package's import path.
func (f *file) callee(call *ast.CallExpr) (path, name string) {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return "", fun.Name
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			path = f.importPath(x.Name)
		}
		return path, fun.Sel.Name
	}
	return "", ""
}

// importPath returns the path that the file imports under that name.
func (f *file) importPath(name string) string {
	for _, imp := range f.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		as := path[strings.LastIndexByte(path, '/')+1:]
		if imp.Name != nil {
			as = imp.Name.Name
		}
		if as == name {
			return path
		}
	}
	return ""
}
