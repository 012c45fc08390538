package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"sync/atomic"

	"github.com/edsrzf/mmap-go"
)

// A cache file, called a segment, is written once and never changed:
//
//	magic      8 bytes, the last the format's version
//	pixels     of one picture after another, RGB
//	index      a record of 40 bytes for each: key, width, height, offset, CRC-32C of
//	           the pixels, four bytes of zero
//	trailer    number of records, offset of the index, CRC-32C of the index, magic
//
// in little endian. While it is written it has another name and no trailer, so
// a process that dies leaves nothing that looks like a cache.
const (
	segmentMagic = "gotunpx\x01"
	recordSize   = 40
	trailerSize  = 8 + 8 + 4 + len(segmentMagic)
)

type segmentFile struct {
	path    string
	pages   mmap.MMap
	used    atomic.Bool // a picture of it was asked for
	damaged bool        // remove it at Close; guarded by the cache's lock

	// Of the one segment being written:
	file    *os.File
	release func() error // the lock that says its writer is alive
	end     int64        // where the next picture goes
	records []byte
}

// errNoSegment is of a file that is damaged, or none that a cache wrote.
var errNoSegment = errors.New("no whole segment")

// readSegment maps a finished segment and adds its pictures to index. Where the file
// is of no use the error is errNoSegment; any other is the system's, such as too many
// open files, and says nothing of the file.
func readSegment(path string, index map[Key]*cached) (*segmentFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head, tail := make([]byte, len(segmentMagic)), make([]byte, trailerSize)
	at := info.Size() - int64(trailerSize)
	if at < int64(len(head)) {
		return nil, fmt.Errorf("%w: too short", errNoSegment)
	}
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if _, err := f.ReadAt(tail, at); err != nil {
		return nil, err
	}
	if string(head) != segmentMagic || string(tail[20:]) != segmentMagic {
		return nil, fmt.Errorf("%w of this version", errNoSegment)
	}
	count, start := binary.LittleEndian.Uint64(tail), binary.LittleEndian.Uint64(tail[8:])
	if count > uint64(at)/recordSize || start != uint64(at)-count*recordSize {
		return nil, fmt.Errorf("%w: index of %d records at %d does not fit", errNoSegment, count, start)
	}
	records := make([]byte, count*recordSize)
	if _, err := io.ReadFull(io.NewSectionReader(f, int64(start), int64(len(records))), records); err != nil {
		return nil, err
	}
	if crc32.Checksum(records, castagnoli) != binary.LittleEndian.Uint32(tail[16:]) {
		return nil, fmt.Errorf("%w: index does not match its checksum", errNoSegment)
	}
	s := &segmentFile{path: path}
	if s.pages, err = mmap.Map(f, mmap.RDONLY, 0); err != nil {
		return nil, err
	}
	found := make(map[Key]*cached, count)
	for ; len(records) > 0; records = records[recordSize:] {
		key, e, err := s.record(records[:recordSize], start)
		if err != nil {
			return nil, errors.Join(err, s.pages.Unmap())
		}
		found[key] = e
	}
	maps.Copy(index, found) // only now: nothing may point into pages unmapped
	return s, nil
}

// record reads one index entry; the pixels must end before limit.
func (s *segmentFile) record(b []byte, limit uint64) (Key, *cached, error) {
	w, h := uint64(binary.LittleEndian.Uint32(b[16:])), uint64(binary.LittleEndian.Uint32(b[20:]))
	at := binary.LittleEndian.Uint64(b[24:])
	if w == 0 || h == 0 || at < uint64(len(segmentMagic)) || at > limit || w > limit || h > limit || 3*w*h > limit-at {
		return Key{}, nil, fmt.Errorf("%w: picture of %d×%d at %d does not fit", errNoSegment, w, h, at)
	}
	e := &cached{seg: s, sum: binary.LittleEndian.Uint32(b[32:])}
	e.image = Image{W: int(w), H: int(h), Pix: s.pages[at : at+3*w*h : at+3*w*h]}
	return Key(b[:16]), e, nil
}

// add appends a picture to the segment being written and returns its entry, whose
// pixels are the file's.
func (s *segmentFile) add(key Key, m *Image) (*cached, error) {
	if _, err := s.file.WriteAt(m.Pix, s.end); err != nil {
		return nil, err
	}
	sum := crc32.Checksum(m.Pix, castagnoli)
	r := append(s.records, key[:]...)
	r = binary.LittleEndian.AppendUint32(r, uint32(m.W))
	r = binary.LittleEndian.AppendUint32(r, uint32(m.H))
	r = binary.LittleEndian.AppendUint64(r, uint64(s.end))
	r = binary.LittleEndian.AppendUint32(r, sum)
	s.records = binary.LittleEndian.AppendUint32(r, 0)
	stop := s.end + int64(len(m.Pix))
	e := &cached{seg: s, sum: sum}
	e.image = Image{W: m.W, H: m.H, Pix: s.pages[s.end:stop:stop]}
	e.checked.Store(true)
	s.end = stop
	return e, nil
}

// has reports whether n more bytes of pixels, their record and the trailer fit
// into size.
func (s *segmentFile) has(n int, size int64) bool {
	return s.end+int64(n)+int64(len(s.records)+recordSize+trailerSize) <= size
}

// finish writes index and trailer and cuts the file to what is used.
func (s *segmentFile) finish() error {
	b := append([]byte(nil), s.records...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.records)/recordSize))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.end))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(s.records, castagnoli))
	b = append(b, segmentMagic...)
	if _, err := s.file.WriteAt(b, s.end); err != nil {
		return err
	}
	return s.file.Truncate(s.end + int64(len(b)))
}
