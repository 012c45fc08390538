package tensorfile

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// safetensorsFile builds a file of a header and n bytes of data.
func safetensorsFile(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestSafetensorsErrors(t *testing.T) {
	const w = `"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"seven bytes", []byte{1, 2, 3, 4, 5, 6, 7}, "truncated: 7 bytes"},
		{"header longer than file", safetensorsFile(`{`+w+`}`, 8)[:30], "truncated: the header is 54 bytes long, the file 30"},
		{"absurd header", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "truncated: the header is 18446744073709551615"},
		{"data cut", safetensorsFile(`{`+w+`}`, 7), `tensor "w": truncated: data_offsets end at 8, the file holds 7`},
		{"data left over", safetensorsFile(`{`+w+`}`, 9), "1 bytes after the last tensor"},
		{"no JSON", safetensorsFile(`{]}`, 0), "header: "},
		{"JSON cut", safetensorsFile(`{`+w, 8), "header: "},
		{"array", safetensorsFile(`[1]`, 0), "header: JSON [, want an object"},
		{"null", safetensorsFile(`null`, 0), "header: JSON <nil>, want an object"},
		{"trailing text", safetensorsFile(`{`+w+`} x`, 8), "header: more text after"},
		{"not UTF-8", safetensorsFile("{\"\xff\":1}", 0), "header: not UTF-8"},
		{"metadata of numbers", safetensorsFile(`{"__metadata__":{"a":1},`+w+`}`, 8), "header: __metadata__:"},
		{"no tensors", safetensorsFile(`{"__metadata__":{"a":"b"}}`, 0), "holds no tensors"},
		{"entry is a list", safetensorsFile(`{"w":[1]}`, 0), `tensor "w": header:`},
		{"no dtype", safetensorsFile(`{"w":{"shape":[2],"data_offsets":[0,0]}}`, 0), `tensor "w": header: no dtype`},
		{"no shape", safetensorsFile(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), `tensor "w": header: no shape`},
		{"no offsets", safetensorsFile(`{"w":{"dtype":"F32","shape":[2]}}`, 8), `tensor "w": header: data_offsets []`},
		{"three offsets", safetensorsFile(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), `tensor "w": header: data_offsets [0 8 8]`},
		{"unknown dtype", safetensorsFile(`{"w":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "w": dtype "F4" is not supported`},
		{"negative dimension", safetensorsFile(`{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), `tensor "w": shape [-2] has a negative`},
		{"fractional dimension", safetensorsFile(`{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}`, 8), `tensor "w": header:`},
		{"huge dimension", safetensorsFile(`{"w":{"dtype":"F32","shape":[1e30],"data_offsets":[0,8]}}`, 8), `tensor "w": header:`},
		{"overflow", safetensorsFile(`{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), `tensor "w": shape [4294967296 4294967296] of F32 overflows`},
		{"shape and size", safetensorsFile(`{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), `tensor "w": data_offsets span 8 bytes, shape [3] of F32 needs 12`},
		{"end before begin", safetensorsFile(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), `tensor "w": data_offsets [8, 0] are no range`},
		{"negative begin", safetensorsFile(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 8), `tensor "w": data_offsets [-8, 0] are no range`},
		{"overlap", safetensorsFile(`{`+w+`,"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), `tensor "v" overlaps tensor "w"`},
		{"gap", safetensorsFile(`{`+w+`,"v":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16), `tensor "v": 4 bytes before it`},
		{"name twice", safetensorsFile(`{`+w+`,"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), `tensor "w": the name is there twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.safetensors")
			if err := os.WriteFile(path, c.data, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %q and the path", err, c.want)
			}
		})
	}
}

// TestSafetensorsAccepts holds what is unusual and right.
func TestSafetensorsAccepts(t *testing.T) {
	for _, c := range []struct {
		name, header string
		data         int
		want         []string
	}{
		{"padding", `{"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}     `, 1, []string{"w"}},
		{"order of the header", `{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2, []string{"b", "a"}},
		{"empty tensor at another's begin", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}}`, 4, []string{"a", "e"}},
		{"unknown field", `{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":{"x":[1]}}}`, 1, []string{"w"}},
		{"strange names", `{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"模型<\u0000>":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, []string{"", "模型<\x00>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := read("x.safetensors", safetensorsFile(c.header, c.data))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Names(); strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("names %q, want %q", got, c.want)
			}
		})
	}
}

func TestSafetensorsMetadata(t *testing.T) {
	f := open(t, "testdata/expected.safetensors")
	if m := f.Metadata(); m["format"] != "pt" || m["note"] != "träger" {
		t.Errorf("metadata %v", m)
	}
}
