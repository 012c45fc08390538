package pickle

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resolver allows mod.make, which returns its arguments as a list.
type resolver struct{}

func (resolver) Allow(g Global) error {
	if g.String() != "mod.make" {
		return fmt.Errorf("%s is not allowed", g)
	}
	return nil
}
func (resolver) Call(_ Global, args Tuple) (any, error) { return &List{args}, nil }
func (resolver) Persistent(id any) (any, error) {
	if id == nil {
		return nil, errors.New("no such object")
	}
	return Tuple{"persistent", id}, nil
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		pickle string
		want   any
	}{
		{"N.", nil},
		{"\x80\x02\x88.", true},
		{"\x89.", false},
		{"K\xff.", 255},
		{"M\xff\xff.", 65535},
		{"J\xff\xff\xff\xff.", -1},
		{"J\x00\x00\x00\x80.", math.MinInt32},
		{"\x8a\x00.", 0},
		{"\x8a\x01\xff.", -1},
		{"\x8a\x02\xff\x00.", 255},
		{"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", math.MinInt64},
		{"\x8b\x01\x00\x00\x00\x07.", 7},
		{"G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		{"U\x02hi.", "hi"},
		{"T\x02\x00\x00\x00hi.", "hi"},
		{"X\x03\x00\x00\x00\xc3\xa9!.", "é!"},
		{"\x8c\x02hi.", "hi"},
		{"\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi.", "hi"},
		{"C\x02hi.", []byte("hi")},
		{"B\x02\x00\x00\x00hi.", []byte("hi")},
		{"\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi.", []byte("hi")},
		{"\x96\x02\x00\x00\x00\x00\x00\x00\x00hi.", []byte("hi")},
		{").", Tuple{}},
		{"K\x01K\x02K\x03\x87.", Tuple{1, 2, 3}},
		{"K\x01K\x02\x86.", Tuple{1, 2}},
		{"K\x01\x85.", Tuple{1}},
		{"(K\x01K\x02t.", Tuple{1, 2}},
		{"].", &List{}},
		{"]K\x01a.", &List{[]any{1}}},
		{"](K\x01K\x02e.", &List{[]any{1, 2}}},
		{"(K\x01l.", &List{[]any{1}}},
		{"\x8f(K\x01\x90.", &List{[]any{1}}},
		{"(K\x01\x91.", &List{[]any{1}}},
		{"}U\x01aK\x01s.", &Dict{[]Item{{"a", 1}}}},
		{"}(U\x01aK\x01U\x01bK\x02u.", &Dict{[]Item{{"a", 1}, {"b", 2}}}},
		{"(U\x01aK\x01d.", &Dict{[]Item{{"a", 1}}}},
		{"(d.", &Dict{}},
		{"K\x01K\x020.", 1},
		{"K\x01(K\x02K\x031.", 1},
		{"K\x01(0.", 1}, // POP of a mark
		{"K\x012\x86.", Tuple{1, 1}},
		{"K\x01q\x05K\x02h\x05\x86.", Tuple{2, 1}},
		{"K\x01r\x05\x00\x00\x00K\x02j\x05\x00\x00\x00\x86.", Tuple{2, 1}},
		{"K\x01\x94K\x02\x94h\x00\x87.", Tuple{1, 2, 1}},
		{"\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.", 1},
		{"cmod\nmake\n(K\x01tR.", &List{[]any{1}}},
		{"cmod\nmake\n(K\x01t\x81.", &List{[]any{1}}},
		{"\x8c\x03mod\x8c\x04make\x93)R.", &List{[]any{}}},
		{"cmod\nmake\n.", Global{"mod", "make"}},
		{"}Nb.", &Dict{}},
		{"K\x01Q.", Tuple{"persistent", 1}},
	} {
		got, n, err := Decode([]byte(c.pickle+"rest"), resolver{})
		if err != nil {
			t.Errorf("%q: %v", c.pickle, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" || n != len(c.pickle) {
			t.Errorf("%q: %d bytes, (-want +got)\n%s", c.pickle, n, diff)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ pickle, want string }{
		{"", "truncated after 0 bytes"},
		{"K", "truncated after 1 bytes"},
		{"K\x01", "truncated"},
		{"X\xff\xff\xff\xffx.", "truncated"},
		{"\x8d\xff\xff\xff\xff\xff\xff\xff\xffx.", "truncated"},
		{"\x95\xff\xff\xff\xff\xff\xff\xff\xffx.", "truncated"},
		{"cmod", "truncated"},
		{".", "byte 0: the stack is empty"},
		{"0", "the stack is empty"},
		{"2", "the stack is empty"},
		{"K\x01(.", "the stack is empty"}, // the value lies below a mark
		{"K\x01(\x85", "the stack is empty"},
		{"1", "no mark on the stack"},
		{"t", "no mark"},
		{"K\x01\x86", "the stack is empty"},
		{"\x80\x06", "protocol 6, newer than 5"},
		{"\x8a\x09123456789", "an integer of 9 bytes is too large"},
		{"\xff", "instruction 0xff is not supported"},
		{"S'a'\n", "instruction 0x53 is not supported"},
		{"K\x01K\x02a", "append to a int"},
		{"K\x01(K\x02e", "append to a int"},
		{"]U\x01aK\x01s", "set an item of a list"},
		{"}(U\x01au", "a key without a value"},
		{"h\x00", "memo 0 was never set"},
		{"q\x00", "the stack is empty"},
		{"cos\nsystem\n", "byte 0: os.system is not allowed"},
		{"\x8c\x02os\x8c\x06system\x93", "os.system is not allowed"},
		{"K\x01K\x02\x93", "a global named by int and int"},
		{"K\x01)R", "call of a int"},
		{"cmod\nmake\nK\x01R", "mod.make: arguments are a int"},
		{"]Nb", "set the state of a list"},
		{"NQ", "no such object"},
	} {
		_, _, err := Decode([]byte(c.pickle), resolver{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.pickle, err, c.want)
		}
	}
}

func TestDictGet(t *testing.T) {
	d := &Dict{[]Item{{"a", 1}, {2, 2}, {"a", 3}}}
	if v, ok := d.Get("a"); !ok || v != 3 {
		t.Errorf("a is %v, %t", v, ok)
	}
	if _, ok := d.Get("b"); ok {
		t.Error("b is there")
	}
}

func TestKind(t *testing.T) {
	for want, v := range map[string]any{
		"None": nil, "bool": true, "int": 1, "float": 1.5, "str": "", "bytes": []byte{},
		"tuple": Tuple{}, "list": &List{}, "dict": &Dict{}, "a.b": Global{"a", "b"}, "struct {}": struct{}{},
	} {
		if got := Kind(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

// FuzzDecode looks for panics, hangs and memory out of proportion.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x80\x02}(U\x01a]K\x01au."))
	f.Add([]byte("cmod\nmake\n(K\x01tRq\x00h\x00\x86."))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, n, err := Decode(data, resolver{})
		if err == nil && (n == 0 || n > len(data)) {
			t.Errorf("%d bytes of %d", n, len(data))
		}
	})
}
