package tensorfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Open opens a file of tensors, told by its content: safetensors, a PyTorch
// checkpoint, HDF5, .npy, .npz, or the JSON index of a sharded model. A folder
// is opened as OpenDir does. Errors name the path.
func Open(path string) (*File, error) {
	if fi, err := os.Stat(path); err == nil && fi.IsDir() {
		return OpenDir(path)
	}
	m, err := openMapping(path)
	if err != nil {
		return nil, err
	}
	if isIndex(m.data) {
		f, err := openIndex(path, m.data)
		return f, errors.Join(err, m.Close())
	}
	f, err := read(path, m.data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), m.Close())
	}
	f.maps = append(f.maps, m)
	return f, nil
}

// modelFiles are the names under which Hugging Face keeps a model's weights, in
// the order of preference.
var modelFiles = [...]string{
	"model.safetensors",
	"model.safetensors.index.json",
	"pytorch_model.bin",
	"pytorch_model.bin.index.json",
}

// OpenDir opens the weights in a model's folder: model.safetensors, its index,
// pytorch_model.bin or its index, the first that is there.
func OpenDir(dir string) (*File, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	for _, name := range modelFiles {
		path := filepath.Join(dir, name)
		// Lstat: a dangling link into a cache is a broken model, not an absent
		// one.
		if _, err := os.Lstat(path); err == nil {
			return Open(path)
		}
	}
	return nil, fmt.Errorf("open %s: no model weights: looked for %s",
		dir, strings.Join(modelFiles[:], ", "))
}

// read parses a file's bytes. The path only helps to tell what a damaged file
// was meant to be; a panic in a parser, which would be our fault, still is an
// error to the caller.
func read(path string, data []byte) (f *File, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("the file cannot be parsed: %v", r)
		}
	}()
	c, err := readContent(path, data)
	if err != nil {
		return nil, err
	}
	return newFile(path, c)
}

func readContent(path string, data []byte) (content, error) {
	switch {
	case isHDF5(data):
		return readHDF5(data)
	case isZip(data):
		return readZip(data)
	case isLegacyTorch(data):
		return readLegacyTorch(data)
	case isNPY(data):
		return readNPY(path, data)
	case isSafetensors(data):
		return readSafetensors(data)
	}
	// No signature. A safetensors file has none either, so the name decides
	// which complaint helps.
	if strings.EqualFold(filepath.Ext(path), ".safetensors") && !isText(data) {
		return readSafetensors(data)
	}
	return content{}, fmt.Errorf("%s: want safetensors, a PyTorch checkpoint, Keras HDF5, .npy or .npz", describe(data))
}

// isSafetensors reports whether data begins as a header length below 4 GiB and
// a JSON object.
func isSafetensors(data []byte) bool {
	return len(data) >= 9 && data[8] == '{' && binary.LittleEndian.Uint32(data[4:]) == 0
}

// describe says what a file of no known format looks like, for the mistakes
// that are common: a download that is a pointer or an error page.
func describe(data []byte) string {
	head := bytes.TrimSpace(data[:min(len(data), 512)])
	switch lower := bytes.ToLower(head); {
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return "a Git LFS pointer, not the file it points to"
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return "an HTML page, not weights"
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		return "gzip-compressed, unpack it first"
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return "a tar archive, as PyTorch before 0.2 wrote or to be unpacked first"
	case len(data) > 1 && data[0] == 0x80 && data[1] <= 5:
		return "a Python pickle without PyTorch's signature"
	case isText(data):
		return "a text file"
	}
	return "an unknown or damaged format"
}

// isText reports whether the first bytes are printable ASCII or white space.
func isText(data []byte) bool {
	for _, c := range data[:min(len(data), 64)] {
		if (c < ' ' && c != '\n' && c != '\r' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}
