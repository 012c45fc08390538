package archcheck

import (
	"go/ast"
	"slices"
	"strings"
)

// call checks what is called, and what with.
func (c *calls) call(n *ast.CallExpr, stack []ast.Node) {
	name := text(n.Fun)
	if allowed, ok := only[name]; ok && !slices.Contains(allowed, c.fn.Name.Name) {
		c.found(n, "calls %s, which %s may", name, who(allowed))
	}
	if slices.Contains(carriers, name) && !slices.Contains(carriers, c.fn.Name.Name) {
		c.alive(n, n.Args[0])
	}
	stmt := statement(stack)
	switch {
	case c.operator(n):
		c.operatorCall(n, stmt)
	case strings.HasPrefix(name, "C.") && c.shim[strings.TrimPrefix(name, "C.")]:
		c.shimCall(n, stack, stmt)
	case name == "libtch.AtsInt" || name == "libtch.AtsFloat":
		if a, ok := stmt.(*ast.AssignStmt); !ok || len(a.Lhs) != 1 || c.after(stmt) != "defer libtch.AtsFree("+text(a.Lhs[0])+")" {
			c.found(n, "the scalar is not freed: defer libtch.AtsFree in the next statement")
		}
	case name == "freeRaw":
		if c.fn.Name.Name != "free" && !c.raws[text(n.Args[0])] {
			c.found(n, "frees a tensor that it did not make; only its owner may")
		}
	case name == "runtime.LockOSThread":
		if c.fn.Name.Name != "newScope" && c.after(stmt) != "defer runtime.UnlockOSThread()" {
			c.found(n, "the thread is not unlocked: defer runtime.UnlockOSThread in the next statement")
		}
	}
}

// operator says whether n calls an operator of gotch: by name, or through a
// function value that gets the result's address.
func (c *calls) operator(n *ast.CallExpr) bool {
	if name, ok := strings.CutPrefix(text(n.Fun), "libtch."); ok {
		return !slices.Contains(harmless, name)
	}
	if len(n.Args) == 0 {
		return false
	}
	out, ok := strings.CutPrefix(text(n.Args[0]), "&")
	return ok && c.outs[out]
}

// operatorCall: gotch leaves the error on the thread, so a scope must hold it,
// and nothing may come between.
func (c *calls) operatorCall(n *ast.CallExpr, stmt ast.Stmt) {
	if len(c.seen.scopes) == 0 {
		c.found(n, "calls %s without a scope that said ready", text(n.Fun))
	}
	if _, ok := stmt.(*ast.ExprStmt); !ok {
		c.found(n, "calls %s within another statement", text(n.Fun))
		return
	}
	taken := false
	inspect(c.next[stmt], func(next *ast.CallExpr) {
		x, method := receiver(next)
		taken = taken || text(next.Fun) == "libtchErr" || (method == "take" || method == "inPlace") && c.seen.scopes[x]
	})
	if !taken {
		c.found(n, "%s: the next statement must take its result, or its error, for the same scope", text(n.Fun))
	}
}

// takers turn a shim function's error into Go's.
var takers = []string{"shimErr", "takeShim", "check"}

func (c *calls) shimCall(n *ast.CallExpr, stack []ast.Node, stmt ast.Stmt) {
	for _, outer := range stack[:len(stack)-1] {
		if call, ok := outer.(*ast.CallExpr); ok && slices.Contains(takers, method(call)) {
			return
		}
	}
	taken := false
	if a, ok := stmt.(*ast.AssignStmt); ok && len(a.Lhs) == 1 {
		inspect(c.next[stmt], func(next *ast.CallExpr) {
			isErr := func(e ast.Expr) bool { return text(e) == text(a.Lhs[0]) }
			taken = taken || slices.Contains(takers, method(next)) && slices.ContainsFunc(next.Args, isErr)
		})
	}
	if !taken {
		c.found(n, "%s: its error is dropped; give it to shimErr, takeShim or check at once", text(n.Fun))
	}
}

// carriers pass tensors to C; what they get must be alive. They themselves call
// nothing.
var carriers = []string{"ct", "ctensors", "rawsOf"}

// reference checks the tensors that go into calls, and operators passed on as
// values.
func (c *calls) reference(n *ast.SelectorExpr, stack []ast.Node) {
	outer := stack[len(stack)-2]
	switch {
	case text(n.X) == "libtch" && !slices.Contains(harmless, n.Sel.Name):
		call, _ := outer.(*ast.CallExpr)
		if call != nil && call.Fun == n {
			return
		}
		if x, _ := receiver(call); x == "" {
			c.found(n, "%s is kept as a value; give it to a method of the scope that runs it", text(n))
		}
	case n.Sel.Name == "ptr" && c.touches:
		_, comparison := outer.(*ast.BinaryExpr)
		_, assigned := outer.(*ast.AssignStmt)
		if !comparison && !(assigned && !c.reads(outer, n)) {
			c.alive(n, n.X)
		}
	}
}

// reads says whether e stands on the right of the assignment.
func (c *calls) reads(assignment ast.Node, e ast.Expr) bool {
	return slices.Contains(assignment.(*ast.AssignStmt).Rhs, e)
}

func (c *calls) alive(n ast.Node, tensor ast.Expr) {
	if i, ok := tensor.(*ast.IndexExpr); ok {
		tensor = i.X // ready was asked of the whole slice
	}
	if !c.seen.at(text(tensor), n.Pos()) {
		c.found(n, "%s may have been freed: ask ready, usable or Alive first", text(tensor))
	}
}

func who(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return "only " + strings.Join(names, " or ")
}
