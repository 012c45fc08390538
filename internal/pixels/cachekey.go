package pixels

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Key names a decoded picture in a [Cache].
type Key [16]byte

// NewKey returns the key of the picture that the file at path, of that size and
// last change, has at a short side. A file that changes, another side and
// another version of the decoder each make another key; path should be absolute
// where runs from several folders share a cache.
func NewKey(path string, size int64, changed time.Time, side int, o DecodeOptions) Key {
	b := make([]byte, 0, len(path)+64)
	b = binary.LittleEndian.AppendUint64(b, DecoderVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	b = binary.LittleEndian.AppendUint64(b, uint64(changed.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(side))
	turned := byte(0)
	if o.KeepOrientation {
		turned = 1
	}
	b = append(b, turned)
	b = append(b, path...)
	sum := sha256.Sum256(b)
	return Key(sum[:16])
}
