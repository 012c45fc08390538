package torch_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// operations reads from the package's source what makes, changes or reads
// tensors in a scope: Scope's methods, functions of a scope, layers' methods.
func operations(t *testing.T) map[string]bool {
	t.Helper()
	out := make(map[string]bool)
	fset := token.NewFileSet()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				if name, ok := operation(fn); ok {
					out[name] = true
				}
			}
		}
	}
	return out
}

func operation(fn *ast.FuncDecl) (string, bool) {
	receiver := ""
	if fn.Recv != nil {
		receiver = typeName(fn.Recv.List[0].Type)
	}
	takes := func(name string) bool {
		for _, p := range fn.Type.Params.List {
			if typeName(p.Type) == name {
				return true
			}
		}
		return false
	}
	gives := fn.Type.Results != nil && typeName(fn.Type.Results.List[0].Type) == "Tensor"
	switch receiver {
	case "Scope":
		return fn.Name.Name, takes("Tensor") || gives
	case "":
		return fn.Name.Name, takes("Scope")
	default:
		return receiver + "." + fn.Name.Name, takes("Scope")
	}
}

// typeName returns T for T, *T and []*T.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func TestEveryOperationIsMisused(t *testing.T) {
	ops := operations(t)
	if len(ops) < 60 {
		t.Errorf("only %d operations found in the source", len(ops))
	}
	for name := range ops {
		if len(misuses[name]) == 0 && !harmless[name] {
			t.Errorf("%s: give its wrong calls in misuses, or say in harmless that there are none", name)
		}
	}
	for name := range misuses {
		if !ops[name] {
			t.Errorf("misuses has %s, which is no operation", name)
		}
	}
}

// Every method of a scope that takes tensors is called with a nil and with a
// closed one in each place. Nothing may crash.
func TestNilAndClosedTensorsAreErrors(t *testing.T) {
	rt := one(t)
	methods := reflect.TypeFor[*torch.Scope]()
	tensor, list := reflect.TypeFor[*torch.Tensor](), reflect.TypeFor[[]*torch.Tensor]()
	called := 0
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if m.Name == "Return" {
			continue
		}
		for arg := 1; arg < m.Type.NumIn(); arg++ {
			if in := m.Type.In(arg); in != tensor && in != list {
				continue
			}
			for name, bad := range map[string]*torch.Tensor{"nil": nil, "closed": {}} {
				called++
				s := rt.Scope(torch.Mode{Grad: true, Train: true})
				args := []reflect.Value{reflect.ValueOf(s)}
				for j := 1; j < m.Type.NumIn(); j++ {
					args = append(args, argument(s, m, j, j == arg, bad))
				}
				call := m.Func.Call
				if m.Type.IsVariadic() {
					call = m.Func.CallSlice
				}
				for _, out := range call(args) {
					if y, ok := out.Interface().(*torch.Tensor); ok && (y == nil || y.Alive()) {
						t.Errorf("%s with a %s tensor as argument %d gave %v", m.Name, name, arg, y)
					}
				}
				err := s.Close()
				var op *torch.OpError
				if !errors.As(err, &op) || op.Op == "" {
					t.Errorf("%s with a %s tensor as argument %d: got %v, want an *OpError", m.Name, name, arg, err)
				}
				if name == "closed" && !errors.Is(err, torch.ErrClosed) {
					t.Errorf("%s with a closed tensor as argument %d: got %v, want ErrClosed", m.Name, arg, err)
				}
			}
		}
	}
	if called < 100 {
		t.Errorf("only %d calls were found to make", called)
	}
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}

// argument returns a right argument for m, or the bad one.
func argument(s *torch.Scope, m reflect.Method, i int, useBad bool, bad *torch.Tensor) reflect.Value {
	t := bad
	if !useBad {
		t = s.Ones(torch.Float32, 2, 2)
	}
	switch in := m.Type.In(i); in {
	case reflect.TypeFor[*torch.Tensor]():
		return reflect.ValueOf(t)
	case reflect.TypeFor[[]*torch.Tensor]():
		return reflect.ValueOf([]*torch.Tensor{t})
	case reflect.TypeFor[torch.DType]():
		return reflect.ValueOf(torch.Float32)
	default:
		return reflect.Zero(in)
	}
}
