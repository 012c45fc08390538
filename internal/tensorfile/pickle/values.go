// Package pickle decodes Python pickles without running Python.
//
// A pickle is a program for a small stack machine, and two of its instructions
// call functions by name. Here every name goes to the caller's Resolver, which
// refuses all but the few it knows; nothing else of the machine can reach
// outside it. Decoding never allocates more than a small multiple of the input:
// a length is checked against the bytes that are left before it is believed. What
// its calls allocate is the Resolver's to bound: a pickle repeats one in five bytes.
//
// Protocols 0 to 5 as PyTorch writes them, that is without the text instructions
// of protocol 0. Reference: Python's Lib/pickletools.py.
package pickle

import "fmt"

// The values are Go's nil, bool, int, float64 and string, []byte for bytes, and
// the types below. Containers are pointers: a pickle fills them after others
// refer to them, and may make them contain themselves.
type (
	// Tuple is a Python tuple.
	Tuple []any
	// List is a list, a set or a frozenset.
	List struct{ Items []any }
	// Dict is a dict or an OrderedDict in the order of insertion. A key that is
	// set twice is there twice.
	Dict struct{ Items []Item }
	// Item is a pair of a Dict.
	Item struct{ Key, Value any }
	// Global is a class or function by name.
	Global struct{ Module, Name string }
)

// String returns the dotted name.
func (g Global) String() string { return g.Module + "." + g.Name }

// Get returns the value that was last set for key.
func (d *Dict) Get(key string) (any, bool) {
	for i := len(d.Items) - 1; i >= 0; i-- {
		if k, ok := d.Items[i].Key.(string); ok && k == key {
			return d.Items[i].Value, true
		}
	}
	return nil, false
}

// Resolver gives meaning to what a pickle names.
type Resolver interface {
	// Allow returns an error for a global that must not be used.
	Allow(g Global) error
	// Call applies an allowed global to arguments.
	Call(g Global, args Tuple) (any, error)
	// Persistent returns the object behind a persistent id.
	Persistent(id any) (any, error)
}

// Kind names a value's type as Python does, for error messages.
func Kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case Tuple:
		return "tuple"
	case *List:
		return "list"
	case *Dict:
		return "dict"
	case Global:
		return v.String()
	}
	return fmt.Sprintf("%T", v)
}
