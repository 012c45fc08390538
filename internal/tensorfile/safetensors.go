package tensorfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// maxHeader is the longest header that the format allows.
const maxHeader = 100_000_000

// metadataKey is the header's one key that names no tensor.
const metadataKey = "__metadata__"

// headerEntry is a tensor in a safetensors header.
type headerEntry struct {
	DType   *DType  `json:"dtype"`
	Shape   *[]int  `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // begin and end, after the header
}

// readSafetensors parses a whole file; the tensors point into data.
//
// Layout: the header's length as 8 bytes, little endian, a JSON object from name
// to dtype, shape and offsets, then the tensors without gap or overlap.
// Format: https://github.com/huggingface/safetensors
func readSafetensors(data []byte) (content, error) {
	if len(data) < 8 {
		return content{}, fmt.Errorf("truncated: %d bytes, a safetensors file begins with 8", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > uint64(len(data)-8) {
		return content{}, fmt.Errorf("truncated: the header is %d bytes long, the file %d", n, len(data))
	}
	if n > maxHeader {
		return content{}, fmt.Errorf("the header's %d bytes exceed the format's limit of %d", n, maxHeader)
	}
	h, err := parseHeader(data[8 : 8+n])
	if err != nil {
		return content{}, err
	}
	if err := h.place(data[8+n:]); err != nil {
		return content{}, err
	}
	return content{Safetensors, h.tensors, h.metadata}, nil
}

type header struct {
	tensors  []Tensor // as the header lists them
	offsets  [][2]int64
	metadata map[string]string
}

// parseHeader keeps the order of the file, which a Go map would lose, and sees
// names given twice, which a map would merge.
func parseHeader(text []byte) (*header, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("header: not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	tok, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if tok != json.Delim('{') {
		return nil, fmt.Errorf("header: JSON %v, want an object", tok)
	}
	h := new(header)
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		name := tok.(string) // inside an object Token yields keys as strings
		if name == metadataKey {
			if err := dec.Decode(&h.metadata); err != nil {
				return nil, fmt.Errorf("header: %s: %w", metadataKey, err)
			}
			continue
		}
		var e headerEntry
		if err := dec.Decode(&e); err != nil {
			return nil, fmt.Errorf("tensor %q: header: %w", name, err)
		}
		if err := h.add(name, e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, fmt.Errorf("header: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("header: more text after the JSON object")
	}
	return h, nil
}

func (h *header) add(name string, e headerEntry) error {
	switch {
	case e.DType == nil:
		return errors.New("header: no dtype")
	case e.Shape == nil:
		return errors.New("header: no shape")
	case len(e.Offsets) != 2:
		return fmt.Errorf("header: data_offsets %v, want begin and end", e.Offsets)
	}
	want, err := e.DType.byteSize(*e.Shape)
	if err != nil {
		return err
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if begin < 0 || end < begin {
		return fmt.Errorf("data_offsets [%d, %d] are no range", begin, end)
	}
	if end-begin != int64(want) {
		return fmt.Errorf("data_offsets span %d bytes, shape %v of %s needs %d",
			end-begin, *e.Shape, *e.DType, want)
	}
	h.tensors = append(h.tensors, Tensor{Name: name, DType: *e.DType, Shape: *e.Shape})
	h.offsets = append(h.offsets, [2]int64{begin, end})
	return nil
}

// place points the tensors into the data and checks that they tile it: a gap
// would hide bytes, an overlap alias two tensors, and a file that ends early is
// truncated.
func (h *header) place(data []byte) error {
	order := make([]int, len(h.tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(h.offsets[a][0], h.offsets[b][0]), cmp.Compare(h.offsets[a][1], h.offsets[b][1]))
	})
	var end int64
	for at, i := range order {
		t, o := &h.tensors[i], h.offsets[i]
		switch {
		case o[1] > int64(len(data)):
			return fmt.Errorf("tensor %q: truncated: data_offsets end at %d, the file holds %d bytes of data",
				t.Name, o[1], len(data))
		case o[0] < end:
			return fmt.Errorf("tensor %q overlaps tensor %q", t.Name, h.tensors[order[at-1]].Name)
		case o[0] > end:
			return fmt.Errorf("tensor %q: %d bytes before it belong to no tensor", t.Name, o[0]-end)
		}
		t.Data = data[o[0]:o[1]:o[1]]
		end = o[1]
	}
	if end != int64(len(data)) {
		return fmt.Errorf("%d bytes after the last tensor belong to none", int64(len(data))-end)
	}
	return nil
}
