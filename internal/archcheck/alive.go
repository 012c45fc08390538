package archcheck

import (
	"go/ast"
	"go/token"
)

// alive knows, of one function, which tensors were seen to be alive, and where
// that holds:
//
//	if !s.ready("op", x, y) { return … }
//	if !x.Alive() { return … }
//	if s.usable("op", x) { … }
type alive struct {
	scopes   map[string]bool // what ready was asked of
	seen     map[string][]span
	assigned map[string][]token.Pos
	members  map[string][]ast.Expr // slice → what was put into it
}

// span is a piece of the source.
type span struct{ from, to token.Pos }

func newAlive(fn *ast.FuncDecl) *alive {
	a := &alive{
		scopes: make(map[string]bool), seen: make(map[string][]span),
		assigned: make(map[string][]token.Pos), members: make(map[string][]ast.Expr),
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				name := text(lhs)
				a.assigned[name] = append(a.assigned[name], n.Pos())
				if len(n.Rhs) == len(n.Lhs) {
					a.members[name] = append(a.members[name], elements(n.Rhs[i], name)...)
				}
			}
		case *ast.RangeStmt:
			// for _, ts := range [][]*Tensor{xs, ys}
			if n.Value != nil {
				a.members[text(n.Value)] = elements(n.X, "")
			}
		case *ast.IfStmt:
			a.inside(n.Cond, n.Body)
			if leaves(n.Body) {
				a.guard(n.Cond, span{n.Body.End(), fn.Body.End()})
			}
		}
		return true
	})
	return a
}

// guard notes what the code after `if cond { return }` can rely on.
func (a *alive) guard(cond ast.Expr, where span) {
	switch e := cond.(type) {
	case *ast.ParenExpr:
		a.guard(e.X, where)
	case *ast.BinaryExpr:
		if e.Op == token.LOR {
			a.guard(e.X, where)
			a.guard(e.Y, where)
		}
	case *ast.UnaryExpr:
		if call, ok := e.X.(*ast.CallExpr); ok && e.Op == token.NOT {
			a.answer(call, where)
		}
	}
}

// inside notes what the body of `if cond { … }` can rely on.
func (a *alive) inside(cond ast.Expr, body *ast.BlockStmt) {
	switch e := cond.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.LAND {
			a.inside(e.X, body)
			a.inside(e.Y, body)
		}
	case *ast.CallExpr:
		a.answer(e, span{body.Pos(), body.End()})
	}
}

// answer notes that the call said yes.
func (a *alive) answer(call *ast.CallExpr, where span) {
	x, method := receiver(call)
	switch method {
	case "Alive":
		a.seen[x] = append(a.seen[x], where)
	case "ready", "usable":
		a.scopes[x] = a.scopes[x] || method == "ready"
		for _, arg := range call.Args {
			a.seen[text(arg)] = append(a.seen[text(arg)], where)
			if call.Ellipsis.IsValid() {
				for _, m := range a.members[text(arg)] {
					a.seen[text(m)] = append(a.seen[text(m)], where)
				}
			}
		}
	}
}

// at says whether the tensor is known to be alive at pos: seen to be, and not
// replaced by another since.
func (a *alive) at(name string, pos token.Pos) bool {
	for _, s := range a.seen[name] {
		if s.from <= pos && pos < s.to && !between(a.assigned[name], s.from, pos) {
			return true
		}
	}
	return false
}

func between(ps []token.Pos, from, to token.Pos) bool {
	for _, p := range ps {
		if from < p && p < to {
			return true
		}
	}
	return false
}

// elements returns what []*Tensor{x, y} or append(slice, x, y) adds to slice.
func elements(e ast.Expr, slice string) []ast.Expr {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return e.Elts
	case *ast.CallExpr:
		if text(e.Fun) == "append" && len(e.Args) > 0 && text(e.Args[0]) == slice {
			return e.Args[1:]
		}
	}
	return nil
}

// leaves says whether control does not go on after the block.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}
