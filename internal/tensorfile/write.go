package tensorfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// Write writes the tensors to path as safetensors, whole or not at all: a file
// that was there stays as it was until the new one is safely on disk. Errors
// name the path.
//
// The metadata gets the pair format=pt, without which Hugging Face refuses a
// model, unless it has a format of its own.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	for _, t := range tensors {
		if err := t.Validate(); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return WriteFunc(path, tensors, metadata, func(i int) ([]byte, error) {
		return tensors[i].Data, nil
	})
}

// WriteFunc is Write for tensors that are not in memory together: data returns
// the elements of tensors[i] when their turn comes, once each, and may reuse its
// buffer. The tensors' own Data is not looked at.
func WriteFunc(path string, tensors []Tensor, metadata map[string]string, data func(i int) ([]byte, error)) error {
	p, err := planFile(tensors, metadata)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := replaceFile(path, func(w io.Writer) error { return p.writeTo(w, data) }); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// plan is a safetensors file before its data.
type plan struct {
	tensors []Tensor
	order   []int // of tensors on disk
	header  []byte
}

// planFile lays the tensors out: wide types first, so that every tensor begins
// at a multiple of its element size and can be read in place, and within a width
// in the order given.
func planFile(tensors []Tensor, metadata map[string]string) (*plan, error) {
	if len(tensors) == 0 {
		return nil, errors.New("no tensors to write")
	}
	p := &plan{tensors: tensors, order: make([]int, len(tensors))}
	seen := make(map[string]bool, len(tensors))
	for i, t := range tensors {
		p.order[i] = i
		switch {
		case t.Name == metadataKey:
			return nil, fmt.Errorf("tensor %q: the name is reserved by the format", t.Name)
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %q: the name is not UTF-8", t.Name)
		case seen[t.Name]:
			return nil, fmt.Errorf("tensor %q: the name is there twice", t.Name)
		}
		seen[t.Name] = true
	}
	slices.SortStableFunc(p.order, func(a, b int) int {
		return cmp.Compare(tensors[b].DType.Size(), tensors[a].DType.Size())
	})

	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // names stay as they are
	meta := map[string]string{"format": "pt"}
	maps.Copy(meta, metadata)
	text.WriteString(`{"` + metadataKey + `":`)
	if err := enc.Encode(meta); err != nil {
		return nil, err
	}
	offset := int64(0)
	for _, i := range p.order {
		t := tensors[i]
		size, err := t.DType.byteSize(t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		end := offset + int64(size)
		shape := append([]int{}, t.Shape...) // [] for a scalar, never null
		trimNewline(&text)
		text.WriteByte(',')
		if err := enc.Encode(t.Name); err != nil {
			return nil, err
		}
		trimNewline(&text)
		text.WriteByte(':')
		if err := enc.Encode(headerEntry{&t.DType, &shape, []int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	trimNewline(&text)
	text.WriteByte('}')
	for text.Len()%8 != 0 {
		text.WriteByte(' ')
	}
	if text.Len() > maxHeader {
		return nil, fmt.Errorf("the header's %d bytes exceed the format's limit of %d", text.Len(), maxHeader)
	}
	p.header = text.Bytes()
	return p, nil
}

// trimNewline drops what json.Encoder ends each value with.
func trimNewline(b *bytes.Buffer) {
	if n := b.Len(); n > 0 && b.Bytes()[n-1] == '\n' {
		b.Truncate(n - 1)
	}
}

func (p *plan) writeTo(w io.Writer, data func(i int) ([]byte, error)) error {
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(p.header)))
	if _, err := w.Write(slices.Concat(size[:], p.header)); err != nil {
		return err
	}
	for _, i := range p.order {
		t := p.tensors[i]
		b, err := data(i)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		t.Data = b
		if err := t.Validate(); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}
