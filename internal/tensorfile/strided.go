package tensorfile

import (
	"encoding/binary"
)

// Tile sizes of copyStrided. 32 elements of the source's fastest dimension by 16
// of the destination's: whole cache lines on both sides, all of them in L1.
const (
	tileSrc = 32
	tileDst = 16
)

// copyStrided gathers elements of size bytes from src into dst, contiguous with
// the last dimension fastest. strides count elements; the caller has checked
// that every index lies within src and that dst has the shape's length.
//
// It walks tiles that are narrow both in the dimension that is fastest in dst
// and in the one that is fastest in src: a plain loop over a 25088×4096
// transpose misses the cache on every element.
func copyStrided(dst, src []byte, size int, shape, strides []int) {
	for _, n := range shape {
		if n == 0 {
			return
		}
	}
	shape, strides = dropUnit(shape, strides)
	if len(shape) == 0 {
		copy(dst[:size], src)
		return
	}
	c := stridedCopy{dst: dst, src: src, size: size, shape: shape, strides: strides}
	c.out = make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		c.out[i] = step
		step *= shape[i]
	}
	last := len(shape) - 1
	c.fast = last
	for i, s := range strides {
		if s < strides[c.fast] {
			c.fast = i
		}
	}
	if c.fast == last {
		c.walk(0, 0, 0, 0, 1)
		return
	}
	for k := 0; k < shape[c.fast]; k += tileSrc {
		c.walk(0, k*c.out[c.fast], k*strides[c.fast], k, min(tileSrc, shape[c.fast]-k))
	}
}

// dropUnit removes dimensions of length one, whose strides mean nothing.
func dropUnit(shape, strides []int) (s, t []int) {
	for i, n := range shape {
		if n != 1 {
			s, t = append(s, n), append(t, strides[i])
		}
	}
	return s, t
}

type stridedCopy struct {
	dst, src            []byte
	size                int
	shape, strides, out []int
	fast                int // the dimension with the smallest source stride
}

// walk recurses over all dimensions but the last and the fast one; di and si are
// element offsets, and rows the extent of the fast dimension's tile, which
// begins at k.
func (c *stridedCopy) walk(dim, di, si, k, rows int) {
	last := len(c.shape) - 1
	switch {
	case dim == last && c.fast == last:
		c.row(di, si, c.shape[last])
	case dim == last:
		for j := 0; j < c.shape[last]; j += tileDst {
			n := min(tileDst, c.shape[last]-j)
			for r := range rows {
				c.row(di+r*c.out[c.fast]+j, si+r*c.strides[c.fast]+j*c.strides[last], n)
			}
		}
	case dim == c.fast:
		c.walk(dim+1, di, si, k, rows)
	default:
		for i := range c.shape[dim] {
			c.walk(dim+1, di+i*c.out[dim], si+i*c.strides[dim], k, rows)
		}
	}
}

// row copies n elements to a contiguous run of dst.
func (c *stridedCopy) row(di, si, n int) {
	step := c.strides[len(c.strides)-1]
	dst := c.dst[di*c.size : (di+n)*c.size]
	if step == 1 {
		copy(dst, c.src[si*c.size:])
		return
	}
	src, le := c.src[si*c.size:], binary.LittleEndian
	switch c.size {
	case 2:
		for i := range n {
			le.PutUint16(dst[2*i:], le.Uint16(src[2*i*step:]))
		}
	case 4:
		for i := range n {
			le.PutUint32(dst[4*i:], le.Uint32(src[4*i*step:]))
		}
	case 8:
		for i := range n {
			le.PutUint64(dst[8*i:], le.Uint64(src[8*i*step:]))
		}
	default:
		for i := range n {
			copy(dst[i*c.size:(i+1)*c.size], src[i*c.size*step:])
		}
	}
}
