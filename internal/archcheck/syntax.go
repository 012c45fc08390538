package archcheck

import (
	"go/ast"
	"go/types"
)

// text writes an expression as source, "" for none.
func text(e ast.Expr) string {
	if e == nil {
		return ""
	}
	return types.ExprString(e)
}

// receiver returns x and m of the call x.m(…), else "", "".
func receiver(call *ast.CallExpr) (x, method string) {
	if call == nil {
		return "", ""
	}
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		return text(sel.X), sel.Sel.Name
	}
	return "", ""
}

// method returns the last part of what is called: m of x.m(…), f of f(…).
func method(call *ast.CallExpr) string {
	if id, ok := call.Fun.(*ast.Ident); ok {
		return id.Name
	}
	_, m := receiver(call)
	return m
}

// statement returns the innermost statement of a stack of nodes.
func statement(stack []ast.Node) ast.Stmt {
	for i := len(stack) - 1; i >= 0; i-- {
		if s, ok := stack[i].(ast.Stmt); ok {
			return s
		}
	}
	return nil
}

// inspect visits the calls within a statement, which may be none.
func inspect(s ast.Stmt, visit func(*ast.CallExpr)) {
	if s == nil {
		return
	}
	ast.Inspect(s, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			visit(call)
		}
		return true
	})
}

// after returns the deferred call of the statement after s, as source.
func (c *calls) after(s ast.Stmt) string {
	if d, ok := c.next[s].(*ast.DeferStmt); ok {
		return "defer " + text(d.Call)
	}
	return ""
}
