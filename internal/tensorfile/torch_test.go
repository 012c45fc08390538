package tensorfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
)

// The functions below assemble pickles.

func pInt(n int) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func pStr(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func pTuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }
func pDict(items ...string) string  { return "}(" + strings.Join(items, "") + "u" }
func pList(items ...string) string  { return "](" + strings.Join(items, "") + "e" }

func pInts(n ...int) string {
	items := make([]string, len(n))
	for i := range n {
		items[i] = pInt(n[i])
	}
	return pTuple(items...)
}

func pGlobal(module, name string) string { return "c" + module + "\n" + name + "\n" }

func pStorage(class, key string, numel int) string {
	return pTuple(pStr("storage"), pGlobal("torch", class), pStr(key), pStr("cpu"), pInt(numel)) + "Q"
}

func pTensor(storage string, offset int, shape, strides []int) string {
	return pGlobal("torch._utils", "_rebuild_tensor_v2") +
		pTuple(storage, pInt(offset), pInts(shape...), pInts(strides...), "\x89", "}") + "R"
}

// legacy assembles a checkpoint around the pickle root, with the storages of
// float32 whose numbers of elements are given, called 0, 1 and so on.
func legacy(root string, numel ...int) []byte {
	var keys []string
	var data []byte
	for i, n := range numel {
		keys = append(keys, pStr(fmt.Sprint(i)))
		data = binary.LittleEndian.AppendUint64(data, uint64(n))
		for k := range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(k)))
		}
	}
	head := legacyMagic + pInt(legacyProtocol) + "." + pDict(pStr("little_endian"), "\x88") + "."
	return append([]byte(head+"\x80\x02"+root+"."+pList(keys...)+"."), data...)
}

// zipped assembles a zip checkpoint of stored members.
func zipped(t testing.TB, members ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i < len(members); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: members[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestTorchViews(t *testing.T) {
	f4 := pStorage("FloatStorage", "0", 6)
	for _, c := range []struct {
		name           string
		offset         int
		shape, strides []int
		want           string // the elements, or part of the error
	}{
		{"whole", 0, []int{2, 3}, []int{3, 1}, "[0 1 2 3 4 5]"},
		{"transposed", 0, []int{3, 2}, []int{1, 3}, "[0 3 1 4 2 5]"},
		{"tail", 4, []int{2}, []int{1}, "[4 5]"},
		{"expanded", 5, []int{2, 2}, []int{0, 0}, "[5 5 5 5]"},
		{"overlapping windows", 0, []int{4, 3}, []int{1, 1}, "[0 1 2 1 2 3 2 3 4 3 4 5]"},
		{"strides of unit dimensions", 1, []int{1, 2, 1}, []int{1 << 62, 1, -7}, `stride -7 is negative`},
		{"huge stride of a unit dimension", 1, []int{1, 2}, []int{math.MaxInt, 1}, "[1 2]"},
		{"scalar", 3, nil, nil, "[3]"},
		{"empty", 0, []int{0, 1 << 62, 1 << 62}, []int{1, 1, 1}, "[]"},
		{"beyond the end", 4, []int{3}, []int{1}, `tensor "w": element 6 of storage "0", which has 6`},
		{"offset beyond", 7, []int{1}, []int{1}, `tensor "w": element 7 of storage "0"`},
		{"negative offset", -1, []int{1}, []int{1}, `tensor "w": offset -1 is negative`},
		{"negative stride", 5, []int{2}, []int{-1}, `tensor "w": stride -1 is negative`},
		{"negative shape", 0, []int{-1}, []int{1}, `tensor "w": shape [-1] has a negative`},
		{"overflow of the index", 1, []int{4}, []int{math.MaxInt / 2}, `tensor "w": shape [4] with strides`},
		{"overflow of the offset", math.MaxInt, []int{2}, []int{1}, `tensor "w": shape [2] with strides`},
		{"overflow of the size", 0, []int{1 << 40, 1 << 40}, []int{0, 0}, `overflows`},
		{"expanded to a terabyte", 0, []int{1 << 38}, []int{0}, `tensor "w": 1099511627776 bytes unpacked is absurd`},
		{"shape and strides differ", 0, []int{1}, []int{1, 1}, `not storage, offset, size and stride`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := pDict(pStr("w"), pTensor(f4, c.offset, c.shape, c.strides))
			f, err := read("x.pth", legacy(root, 6))
			var got string
			if err == nil {
				w, _ := f.Tensor("w")
				v, ferr := w.Float32s()
				if ferr != nil {
					t.Fatal(ferr)
				}
				got = fmt.Sprint(v)
			} else {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) || (err == nil) != strings.HasPrefix(c.want, "[") {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestTorchErrors(t *testing.T) {
	f1 := pStorage("FloatStorage", "0", 1)
	w := pDict(pStr("w"), pTensor(f1, 0, []int{1}, []int{1}))
	self := "}q\x00" + "(" + pStr("state_dict") + "h\x00u" // a dict that holds itself
	good := legacy(w, 1)
	call := func(module, name string, args ...string) string {
		return pDict(pStr("w"), pGlobal(module, name)+pTuple(args...)+"R")
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"protocol", []byte(legacyMagic + pInt(7) + "."), "checkpoint protocol 7, want 1001"},
		{"big endian", []byte(legacyMagic + pInt(1001) + "." + pDict(pStr("little_endian"), "\x89") + "."), "big-endian"},
		{"trailing bytes", append(bytes.Clone(good), 0), "1 bytes follow the last storage"},
		{"storage not listed", legacy(w), `storage "0" is not in the file`},
		{"storage not used", legacy(w, 1, 1), `storage "1" is unknown`},
		{"other length", legacy(w, 2), `storage "0": 2 elements, the checkpoint says 1`},
		{"dict in itself", legacy(self), "dicts are nested too deep"},
		{"no tensors", legacy(pDict(pStr("a"), "K\x01")), "the file holds no tensors"},
		{"name twice", legacy(pDict(pStr("w"), pTensor(f1, 0, []int{1}, []int{1}), pStr("w"), pTensor(f1, 0, nil, nil)), 1), `tensor "w": the name is there twice`},
		{"two sizes", legacy(pDict(pStr("w"), f1, pStr("v"), pStorage("FloatStorage", "0", 2)), 1), `storage "0" is 1 × F32 and 2 × F32`},
		{"negative storage", legacy(pDict(pStr("w"), pStorage("FloatStorage", "0", -1))), "does not describe a storage"},
		{"absurd storage", legacy(pDict(pStr("w"), pStorage("FloatStorage", "0", math.MaxInt)), 0), "overflows"},
		{"too many dimensions", legacy(pDict(pStr("w"), pTensor(f1, 0, make([]int, 65), make([]int, 65))), 1), "65 dimensions, at most 64"},
		{"size of strings", legacy(call("torch._utils", "_rebuild_tensor_v2", f1, "K\x00", pTuple(pStr("1")), pInts(1)), 1), "not storage, offset, size and stride"},
		{"old view", legacy(pDict(pStr("w"), pTuple(pStr("storage"), pGlobal("torch", "FloatStorage"), pStr("0"), pStr("cpu"), pInt(1), pTuple())+"Q")), `storage "0" is a view`},
		{"other id", legacy(pDict(pStr("w"), pTuple(pStr("module"), "N", "N", "N", "N")+"Q")), "persistent id does not describe"},
		{"id of another type", legacy(pDict(pStr("w"), "K\x01Q")), "persistent id is a int, want a storage"},
		{"eval", legacy(call("builtins", "eval", pStr("1"))), "builtins.eval is none of the functions"},
		{"getattr", legacy(call("builtins", "getattr", pStr("1"))), "builtins.getattr is none of"},
		{"hidden import", legacy(call("torch._utils", "os.system", pStr("1"))), "torch._utils.os.system is none of"},
		{"call of a dtype", legacy(call("torch", "float32")), "torch.float32: not a function"},
		{"few arguments", legacy(call("torch._utils", "_rebuild_tensor_v2", f1), 1), "1 arguments, want at least 4"},
		{"parameter of nothing", legacy(call("torch._utils", "_rebuild_parameter", "N")), "the first argument is not a tensor"},
		{"dict of no pairs", legacy(call("collections", "OrderedDict", pList("K\x01"))), "argument is not a list of pairs"},
		{"zip: member missing", zipped(t, "a/data.pkl", "\x80\x02"+w+"."), `zip member "a/data/0" is missing`},
		{"zip: member short", zipped(t, "a/data.pkl", "\x80\x02"+w+".", "a/data/0", "123"), `storage "0": 3 bytes, 1 × F32 needs 4`},
		{"zip: member long", zipped(t, "a/data.pkl", "\x80\x02"+w+".", "a/data/0", "12345"), `storage "0": 5 bytes, 1 × F32 needs 4`},
		{"zip: member twice", zipped(t, "a/data.pkl", "", "a/data/0", "1234", "a/data/0", "1234"), `zip member "a/data/0" is there twice`},
		{"zip: two programs", zipped(t, "a/data.pkl", "N.", "b/data.pkl", "N."), "two members are called data.pkl"},
		{"zip: deep program", zipped(t, "a/b/data.pkl", "N."), "no member is called data.pkl"},
		{"zip: empty program", zipped(t, "a/data.pkl", ""), "data.pkl: pickle: truncated"},
		{"zip: byte order", zipped(t, "a/data.pkl", "N.", "a/byteorder", "big"), `byte order "big" is not supported`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := read("x.pth", c.data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := read("x.pth", zipped(t, "data.pkl", "\x80\x02"+w+".", "data/0", "1234")); err != nil {
		t.Errorf("an archive without a folder: %v", err)
	}
}

// TestTorchPython2 reads an OrderedDict as Python 2 pickled it, with its pairs as
// an argument and byte strings for keys.
func TestTorchPython2(t *testing.T) {
	pair := pList("U\x01w", pTensor(pStorage("FloatStorage", "0", 2), 0, []int{2}, []int{1}))
	f, err := read("x.pth", legacy(pGlobal("collections", "OrderedDict")+pTuple(pList(pair))+"R", 2))
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := f.Tensor("w"); !ok || w.Numel() != 2 {
		t.Errorf("tensors %v", f.Names())
	}
}

// TestTorchLongNames multiplies one long key by many entries.
func TestTorchLongNames(t *testing.T) {
	entries := make([]string, 0, 1<<12)
	for i := range 1 << 11 {
		entries = append(entries, pInt(i), "h\x01")
	}
	root := pTensor(pStorage("FloatStorage", "0", 1), 0, nil, nil) + "q\x010" +
		pDict(pStr(strings.Repeat("x", 1<<20)), pDict(entries...))
	_, err := read("x.pth", legacy(root, 1))
	if err == nil || !strings.Contains(err.Error(), "too many entries") {
		t.Errorf("error %v", err)
	}
}

// TestTorchCallBomb repeats calls that copy what they are given, which five bytes
// each do once function and arguments are in the memo.
func TestTorchCallBomb(t *testing.T) {
	long := pInts(make([]int, 64)...)
	for name, call := range map[string]string{
		"pairs": pGlobal("collections", "OrderedDict") + "q\x010" + "K\x01K\x01\x86q\x000" + pTuple(pList(strings.Repeat("h\x00", 1<<15))) + "q\x020",
		"text":  pGlobal("_codecs", "encode") + "q\x010" + pTuple(pStr(strings.Repeat("x", 1<<20))) + "q\x020",
		"sizes": pGlobal("torch._utils", "_rebuild_tensor_v2") + "q\x010" + pTuple(pStorage("FloatStorage", "0", 1), "K\x00", long, long) + "q\x020",
	} {
		// The result is dropped, so that the test itself needs little memory.
		root := call + strings.Repeat("h\x01h\x02R0", 1<<17) + "N"
		_, err := read("x.pth", legacy(root, 1))
		if err == nil || !strings.Contains(err.Error(), "unpacked is absurd for a file of this size") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestZipBomb opens members that claim to be, or are, more than they should.
func TestZipBomb(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size uint64
		want string
	}{
		{1 << 40, `zip member "a/data.pkl": 1099511627776 bytes unpacked is absurd`},
		{1 << 21, `zip member "a/data.pkl": unexpected EOF`},
		{1 << 10, `zip member "a/data.pkl": checksum or size: zip: not a valid`},
		{1 << 20, `zip member "a/data.pkl": checksum or size: zip: checksum error`},
	} {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		m, err := z.CreateRaw(&zip.FileHeader{
			Name: "a/data.pkl", Method: zip.Deflate, CRC32: 1,
			CompressedSize64: uint64(deflated.Len()), UncompressedSize64: c.size,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Write(deflated.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err = read("x.pth", buf.Bytes()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("size %d: error %v, want %q", c.size, err, c.want)
		}
	}
}
