package vision

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"

	"github.com/gotune/gotune/pkg/torch"
)

// featureFile is a header, a checksum for each slot (0: empty) and the slots. It
// is read through the system's page cache, which costs the process no memory.
type featureFile struct {
	file    *os.File
	weights string // that the features are of: see FeatureCache.is
	dtype   torch.DType
	shape   []int // of a slot: h, w, C
	size    int   // of a slot, bytes

	mu   sync.Mutex
	sums []uint32
	err  error // why nothing more is written
}

const featureMagic = 0x31746674 // "tft1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// featureHeader is at the file's start, little endian.
type featureHeader struct {
	Magic, Slots, DType, H, W, C uint32
}

func (f *featureFile) at(slot int) int64 {
	return int64(binary.Size(featureHeader{})) + 4*int64(len(f.sums)) + int64(slot)*int64(f.size)
}

func (f *featureFile) sumAt(slot int) int64 {
	return int64(binary.Size(featureHeader{})) + 4*int64(slot)
}

// openFeatureFile opens a file of so many slots; nil where there is none, or it
// is not whole.
func openFeatureFile(path string, slots int) *featureFile {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	f := &featureFile{file: file, sums: make([]uint32, slots)}
	var h featureHeader
	err = errors.Join(binary.Read(file, binary.LittleEndian, &h), binary.Read(file, binary.LittleEndian, f.sums))
	f.dtype, f.shape = torch.DType(h.DType), []int{int(h.H), int(h.W), int(h.C)}
	f.size = f.dtype.Size() * f.shape[0] * f.shape[1] * f.shape[2]
	info, statErr := file.Stat()
	if err != nil || statErr != nil || h.Magic != featureMagic || int(h.Slots) != slots || f.size <= 0 || info.Size() != f.at(slots) {
		_ = file.Close()
		return nil
	}
	return f
}

// newFeatureFile makes an empty one; nil where room has none for it.
func newFeatureFile(path string, slots int, shape []int, dtype torch.DType, room func(bytes int64) bool) (*featureFile, error) {
	f := &featureFile{dtype: dtype, shape: shape, sums: make([]uint32, slots)}
	f.size = dtype.Size() * shape[0] * shape[1] * shape[2]
	if !room(f.at(slots)) {
		return nil, nil
	}
	var err error
	if f.file, err = os.Create(path); err != nil {
		return nil, fmt.Errorf("feature cache: %w", err)
	}
	h := featureHeader{featureMagic, uint32(slots), uint32(dtype), uint32(shape[0]), uint32(shape[1]), uint32(shape[2])}
	err = errors.Join(binary.Write(f.file, binary.LittleEndian, h), f.file.Truncate(f.at(slots)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("feature cache: %w", err), f.file.Close(), os.Remove(path))
	}
	return f, nil
}

func (f *featureFile) has(slot int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sums[slot] != 0
}

func (f *featureFile) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// checksum is never that of an empty slot.
func checksum(data []byte) uint32 { return max(crc32.Checksum(data, castagnoli), 1) }

// read returns the slots one after the other; false where one is missing or
// damaged.
func (f *featureFile) read(slots []int) ([]byte, bool) {
	out := make([]byte, len(slots)*f.size)
	for i, slot := range slots {
		if !f.has(slot) {
			return nil, false
		}
		data := out[i*f.size : (i+1)*f.size]
		_, err := f.file.ReadAt(data, f.at(slot))
		f.mu.Lock()
		bad := err != nil || checksum(data) != f.sums[slot]
		if bad {
			f.sums[slot] = 0
		}
		f.mu.Unlock()
		if bad {
			return nil, false
		}
	}
	return out, true
}

// write fills the slots that are empty. A full disk ends the writing.
func (f *featureFile) write(slots []int, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || len(data) != len(slots)*f.size {
		return
	}
	for i, slot := range slots {
		if f.sums[slot] != 0 {
			continue
		}
		one := data[i*f.size : (i+1)*f.size]
		var sum [4]byte
		binary.LittleEndian.PutUint32(sum[:], checksum(one))
		_, err := f.file.WriteAt(one, f.at(slot))
		if err == nil {
			_, err = f.file.WriteAt(sum[:], f.sumAt(slot))
		}
		if err != nil {
			f.err = fmt.Errorf("feature cache: %w", err)
			return
		}
		f.sums[slot] = checksum(one)
	}
}
