package tensorfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// zipFile is a zip archive in memory.
type zipFile struct {
	data    []byte
	names   []string // in the archive's order
	members map[string]*zip.File
	budget  *budget
}

func isZip(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06"))
}

// readZip tells the archives apart: PyTorch's, NumPy's and Keras' .keras.
func readZip(data []byte) (content, error) {
	z, err := newZip(data)
	if err != nil {
		return content{}, err
	}
	npz := len(z.names) > 0
	for _, name := range z.names {
		if name == "data.pkl" || strings.HasSuffix(name, "/data.pkl") {
			return readTorchZip(z)
		}
		npz = npz && strings.HasSuffix(name, ".npy")
	}
	if npz {
		return readNPZ(z)
	}
	if _, ok := z.members[kerasWeights]; ok {
		b, err := z.open(kerasWeights)
		if err != nil {
			return content{}, err
		}
		return readHDF5(b)
	}
	return content{}, fmt.Errorf("a zip archive without PyTorch's data.pkl, NumPy's .npy or Keras' %s", kerasWeights)
}

func newZip(data []byte) (*zipFile, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		// The directory stands at the end: without it the file was cut.
		return nil, fmt.Errorf("truncated or damaged: %w", err)
	}
	z := &zipFile{data: data, members: make(map[string]*zip.File, len(r.File)), budget: newBudget(len(data))}
	for _, f := range r.File {
		if _, ok := z.members[f.Name]; ok {
			return nil, fmt.Errorf("zip member %q is there twice", f.Name)
		}
		if f.Flags&1 != 0 {
			return nil, fmt.Errorf("zip member %q is encrypted", f.Name)
		}
		z.members[f.Name] = f
		z.names = append(z.names, f.Name)
	}
	return z, nil
}

// open returns a member's content: in place where it is stored, inflated within
// the budget and checked against its CRC where it is compressed.
//
// Stored members are not checksummed: that would read the whole file, and
// PyTorch may leave the checksum out.
func (z *zipFile) open(name string) ([]byte, error) {
	f, ok := z.members[name]
	if !ok {
		return nil, fmt.Errorf("zip member %q is missing", name)
	}
	if f.Method == zip.Store {
		at, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("zip member %q: %w", name, err)
		}
		n := f.UncompressedSize64
		if at < 0 || at > int64(len(z.data)) || n > uint64(int64(len(z.data))-at) || f.CompressedSize64 != n {
			return nil, fmt.Errorf("zip member %q: truncated: %d bytes at %d of %d", name, n, at, len(z.data))
		}
		return z.data[at : at+int64(n) : at+int64(n)], nil
	}
	if f.UncompressedSize64 > uint64(z.budget.left) {
		return nil, fmt.Errorf("zip member %q: %d bytes unpacked is absurd for a file of %d", name, f.UncompressedSize64, len(z.data))
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("zip member %q: %w", name, err)
	}
	defer r.Close()
	b, err := z.budget.alloc(int(f.UncompressedSize64))
	if err != nil {
		return nil, fmt.Errorf("zip member %q: %w", name, err)
	}
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("zip member %q: %w", name, err)
	}
	// One read more: the checksum is compared at the end of the stream.
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return nil, fmt.Errorf("zip member %q: checksum or size: %w", name, err)
	}
	return b, nil
}
