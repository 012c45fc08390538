package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Why a scan is read twice: the fast decoder, like libjpeg, paints grey over
// whatever is missing and reports success, so half a photograph would train as
// a whole one. checkBaseline walks the entropy-coded data without computing a
// single sample, about a third of the decoder's time, and demands that every
// block is there and that the file ends where a JPEG file ends.

var (
	errTruncated = errors.New("truncated")
	errEntropy   = errors.New("corrupt entropy-coded data")
)

// scanReader reads bits of an entropy-coded segment, up to the next marker.
type scanReader struct {
	data []byte
	pos  int    // next byte to take in
	buf  uint64 // unread bits, at the top
	n    int    // how many of them
	// past counts the zero bits made up behind the segment's end. They sit at
	// the bottom of buf, so n < past means that one of them has been consumed.
	past int
}

// refill brings at least 32 bits into buf.
func (r *scanReader) refill() {
	if r.past == 0 && r.pos+8 <= len(r.data) {
		v := binary.BigEndian.Uint64(r.data[r.pos:])
		// No byte of v is 0xff: eight at once.
		if (^v-0x0101010101010101)&v&0x8080808080808080 == 0 {
			r.buf |= v >> r.n
			k := (64 - r.n) >> 3
			r.pos += k
			r.n += 8 * k
			r.buf &= ^uint64(0) << (64 - r.n)
			return
		}
	}
	for r.n <= 56 {
		if r.past == 0 && r.pos < len(r.data) {
			b := r.data[r.pos]
			if b != 0xff {
				r.pos++
				r.buf |= uint64(b) << (56 - r.n)
				r.n += 8
				continue
			}
			if r.pos+1 < len(r.data) && r.data[r.pos+1] == 0 {
				r.pos += 2 // a stuffed 0xff
				r.buf |= 0xff << (56 - r.n)
				r.n += 8
				continue
			}
		}
		r.past += 8
		r.n += 8
	}
}

// block passes over one 8×8 block. It reports false for a code that the table
// does not have or a run that leaves the block.
func (r *scanReader) block(dc, ac *huffTable) bool {
	if r.n < 32 {
		r.refill()
	}
	if !r.symbol(dc) {
		return false
	}
	for k := 1; k < 64; {
		if r.n < 32 {
			r.refill()
		}
		e := ac.look[r.buf>>(64-lookBits)]
		if e == 0 {
			e = ac.slow(r.buf)
			if e == 0 {
				return false
			}
		}
		r.buf <<= e & 63
		r.n -= int(e & 63)
		step := int(e >> 8)
		if step == 0 { // end of block
			break
		}
		if k += step; k > 64 {
			return false
		}
	}
	return r.n >= r.past
}

// symbol passes over one code of t and the bits that follow it.
func (r *scanReader) symbol(t *huffTable) bool {
	e := t.look[r.buf>>(64-lookBits)]
	if e == 0 {
		if e = t.slow(r.buf); e == 0 {
			return false
		}
	}
	r.buf <<= e & 63
	r.n -= int(e & 63)
	return true
}

// checkBaseline reads the one interleaved scan of a baseline frame and the
// marker behind it. The error says how far the picture goes.
func (h *jpegHead) checkBaseline(data []byte) error {
	body, err := segment(data, h.sos)
	if err != nil {
		return err
	}
	if len(body) < 1+2*len(h.comps) || int(body[0]) != len(h.comps) {
		return errManyScans
	}
	type unit struct {
		dc, ac *huffTable
		n      int // blocks in an MCU
	}
	units := make([]unit, len(h.comps))
	hMax, vMax := 1, 1
	for i, c := range h.comps {
		sel := body[2+2*i]
		u := unit{n: c.h * c.v}
		if sel>>4 > 3 || sel&15 > 3 {
			return fmt.Errorf("scan names Huffman table %#02x", sel)
		}
		u.dc, u.ac = h.dc[sel>>4], h.ac[sel&15]
		if u.dc == nil || u.ac == nil {
			return fmt.Errorf("scan names Huffman table %#02x, which is not there", sel)
		}
		units[i] = u
		hMax, vMax = max(hMax, c.h), max(vMax, c.v)
	}
	if len(units) == 1 {
		// A scan of one component is not interleaved: its MCU is one block.
		units[0].n, hMax, vMax = 1, 1, 1
	}
	perRow := (h.w + 8*hMax - 1) / (8 * hMax)
	mcus := perRow * ((h.h + 8*vMax - 1) / (8 * vMax))

	r := scanReader{data: data, pos: h.sos + 2 + len(body)}
	for i := range mcus {
		if h.restart > 0 && i > 0 && i%h.restart == 0 {
			if err := r.nextRestart(uint8((i/h.restart - 1) & 7)); err != nil {
				return fmt.Errorf("%w at row %d of %d", err, i/perRow*8*vMax, h.h)
			}
		}
		for _, u := range units {
			for range u.n {
				if r.block(u.dc, u.ac) {
					continue
				}
				err := errEntropy
				if r.n < r.past {
					err = errTruncated
				}
				return fmt.Errorf("%w at row %d of %d", err, i/perRow*8*vMax, h.h)
			}
		}
	}
	mark, _, err := nextMarker(data, r.pos)
	if err != nil {
		return fmt.Errorf("%w: no end-of-image marker", err)
	}
	if mark != markEOI {
		// Tables or a comment may still follow the scan; the end must too.
		return h.checkTail(data, r.pos)
	}
	return nil
}

// errManyScans says that a frame comes in several scans, which checkBaseline
// leaves to the strict decoder.
var errManyScans = errors.New("more than one scan")

// checkTail walks the segments behind the last scan to the end-of-image marker.
func (h *jpegHead) checkTail(data []byte, pos int) error {
	for {
		mark, at, err := nextMarker(data, pos)
		if err != nil {
			return fmt.Errorf("%w: no end-of-image marker", err)
		}
		switch {
		case mark == markEOI:
			return nil
		case mark == markSOS:
			return errManyScans
		case mark == markTEM || mark >= markRST0 && mark <= markSOI:
			pos = at
			continue
		}
		body, err := segment(data, at)
		if err != nil {
			return err
		}
		pos = at + 2 + len(body)
	}
}

// nextRestart goes to the next marker, which must be RSTn.
func (r *scanReader) nextRestart(n uint8) error {
	mark, after, err := nextMarker(r.data, r.pos)
	if err != nil {
		return err
	}
	if mark != markRST0+n {
		if mark == markEOI {
			return errTruncated
		}
		return fmt.Errorf("%w: marker %#02x where restart %d belongs", errEntropy, mark, n)
	}
	r.pos, r.buf, r.n, r.past = after, 0, 0, 0
	return nil
}
