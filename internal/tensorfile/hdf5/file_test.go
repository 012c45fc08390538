package hdf5

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func heap(n int) ([]byte, error) { return make([]byte, n), nil }

// readAll opens a file and reads every dataset.
func readAll(data []byte) error {
	f, err := Open(data)
	if err != nil {
		return err
	}
	for _, d := range f.Datasets() {
		if _, err := d.Bytes(heap); err != nil {
			return err
		}
	}
	return nil
}

func TestIs(t *testing.T) {
	sig := []byte(signature)
	for at, want := range map[int]bool{0: true, 512: true, 1024: true, 4096: true, 1: false, 256: false, 1536: false} {
		if got := Is(append(make([]byte, at), sig...)); got != want {
			t.Errorf("a signature at %d: %t", at, got)
		}
	}
	if Is(sig[:7]) || Is(nil) {
		t.Error("part of a signature is one")
	}
}

// TestDamaged changes single fields of good files.
func TestDamaged(t *testing.T) {
	put := func(at int, b ...byte) func([]byte) {
		return func(data []byte) { copy(data[at:], b) }
	}
	swap := func(old, new string) func([]byte) {
		return func(data []byte) {
			at := bytes.Index(data, []byte(old))
			if at < 0 {
				t.Fatalf("no %q in the file", old)
			}
			copy(data[at:], new)
		}
	}
	for _, c := range []struct {
		name, file string
		damage     func([]byte)
		want       string
	}{
		{"version", "types.h5", put(8, 9), "superblock: version 9"},
		{"address size", "types.h5", put(13, 3), "addresses of 3 and lengths of 8"},
		{"end of file", "types.h5", put(40, 0xff, 0xff, 0xff), "superblock: truncated: 14816 bytes of 16777215"},
		{"root", "types.h5", put(64, 0xff, 0xff, 0xff), "/: object header: truncated"},
		{"header version", "types.h5", put(0x60, 7), "/: object header: version 7"},
		{"tree", "types.h5", swap("TREE", "tree"), "B-tree: no TREE signature"},
		{"leaf", "types.h5", swap("SNOD", "snod"), "B-tree: no SNOD signature"},
		{"names", "types.h5", swap("HEAP", "heap"), "local heap: no HEAP signature"},
		{"level", "types.h5", func(d []byte) { d[bytes.Index(d, []byte("TREE"))+5] = 1 }, "no TREE signature"},
		{"tree of chunks", "types.h5", func(d []byte) { d[bytes.Index(d, []byte("TREE"))+4] = 1 }, "damaged node"},
		{"version 2 end", "types_v2.h5", put(28, 0xff, 0xff, 0xff), "superblock: truncated"},
		{"version 2 header", "types_v2.h5", func(d []byte) { d[bytes.Index(d, []byte("OHDR"))+4] = 9 }, "object header: version 9"},
		{"version 2 link", "types_v2.h5", func(d []byte) { d[bytes.Index(d, []byte("\x02g0"))-2] = 9 }, "link: version 9"},
		{"deflate", "chunked.h5", swap("\x78\x5e", "\x00\x00"), "chunks: zlib: invalid header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := fixture(t, c.file)
			if err := readAll(data); err != nil {
				t.Fatal(err)
			}
			c.damage(data)
			if err := readAll(data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// nested is a file of so many groups, each in the one before and under an empty
// name, so that paths stay short.
func nested(groups int) []byte {
	const at, size = 48, 26 // of the first header; of each
	le := binary.LittleEndian
	out := append([]byte(signature), 2, 8, 8, 0)
	for _, address := range []uint64{0, undefined, at + uint64(groups)*size, at} {
		out = le.AppendUint64(out, address)
	}
	out = append(out, 0, 0, 0, 0)
	for i := range groups {
		kind, next := byte(msgLink), at+uint64(i+1)*size
		if i == groups-1 {
			kind = 0 // nothing is in the last
		}
		out = append(out, "OHDR\x02\x00\x0f"...)
		out = append(out, kind, 11, 0, 0, 1, 0, 0)
		out = le.AppendUint64(out, next)
		out = append(out, 0, 0, 0, 0)
	}
	return out
}

func TestDepth(t *testing.T) {
	if err := readAll(nested(maxDepth)); err != nil {
		t.Errorf("%d groups: %v", maxDepth, err)
	}
	if err := readAll(nested(maxDepth + 1)); err == nil || err.Error() != "/: groups are nested too deep" {
		t.Errorf("%d groups: error %v", maxDepth+1, err)
	}
}

// TestChecksum flips one bit of a chunk under Fletcher-32.
func TestChecksum(t *testing.T) {
	data := fixture(t, "chunked.h5")
	f, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Datasets() {
		if d.Path != "fletcher32" {
			continue
		}
		// The first chunk of [2,3,5] begins 0, 1, 2, 3, 4, 5 ... in float32.
		chunk := binary.LittleEndian.AppendUint64(nil, 0x3f800000_00000000)
		for at := 0; ; at += len(chunk) {
			k := bytes.Index(data[at:], chunk)
			if k < 0 {
				break
			}
			at += k
			data[at] ^= 1
		}
		if _, err := d.Bytes(heap); err == nil || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("error %v", err)
		}
		return
	}
	t.Fatal("no dataset fletcher32")
}

func TestFletcher32(t *testing.T) {
	for in, want := range map[string]uint32{
		"":                          0,
		"\x00\x01":                  0x00010001,
		"\x01":                      0x01000100, // an odd byte counts as the upper one
		"ab":                        0x61626162,
		"abcd":                      0x2629c4c6, // a = 6162+6364, b = 6162+c4c6 modulo ffff
		"\x00\x00":                  0,
		"\xff\xff":                  0xffffffff, // not 0: what is not all zeros has no sum of 0
		"\xff\xff\xff\xff":          0xffffffff,
		"\xff\xfe\x00\x01":          0xfffeffff,
		strings.Repeat("\xff", 721): 0xff00ff00,
	} {
		if got := fletcher32([]byte(in)); got != want {
			t.Errorf("%q: %08x, want %08x", in, got, want)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	shuffle := func(size ...uint64) filter { return filter{id: filterShuffle, values: size} }
	for _, c := range []struct {
		filter filter
		data   string
		want   string
	}{
		{shuffle(), "abcd", "shuffle without a size"},
		{shuffle(0), "abcd", "shuffle without a size"},
		{shuffle(5), "abcd", "shuffle without a size"},
		{filter{id: filterFletcher}, "abc", "a chunk without its checksum"},
		{filter{id: filterDeflate}, "abc", "zlib"},
	} {
		if _, err := c.filter.undo([]byte(c.data), 100, heap); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %q: error %v, want %q", c.filter, c.data, err, c.want)
		}
	}
	// Three elements of two bytes and one byte left over.
	if got, err := shuffle(2).undo([]byte("acebdfX"), 7, heap); err != nil || string(got) != "abcdefX" {
		t.Errorf("%q, %v", got, err)
	}
}
