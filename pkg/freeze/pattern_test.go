package freeze

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		start, whole  bool
	}{
		{"a", "a", true, true},
		{"a", "a.b", true, false},
		{"a.b", "a", false, false},
		{"a.*", "a.b", true, true},
		{"*", "a.b", true, false},
		{"a.**", "a", true, true},
		{"a.**", "a.b.c", true, true},
		{"**", "a.b", true, true},
		{"**.c", "a.b.c", true, true},
		{"**.c", "c", true, true},
		{"**.b", "a.b.c", true, false},
		{"a.**.c", "a.c", true, true},
		{"a.**.c", "a.b.b.c.d", true, false},
		{"layer.1", "layer.10", false, false},
		{"layer.1?", "layer.10", true, true},
		{"layer.[0-9]", "layer.10", false, false},
		{"x{1,2}.y", "x2.y", true, true},
		{"x{1..3}{a,b}", "x3b", true, true},
		{"x{1..3}", "x4", false, false},
	} {
		alternatives, err := expand(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Split(c.name, ".")
		start, whole := false, false
		for _, pat := range alternatives {
			start = start || matchStart(pat, name)
			whole = whole || matchWhole(pat, name)
		}
		if start != c.start || whole != c.whole {
			t.Errorf("%q on %q: start %v, whole %v, want %v, %v", c.pattern, c.name, start, whole, c.start, c.whole)
		}
	}
}
