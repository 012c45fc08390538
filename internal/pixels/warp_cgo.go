//go:build cgo && amd64

package pixels

// #cgo CFLAGS: -O2
// #cgo noescape gotune_warp
// #cgo nocallback gotune_warp
// #include "warp_amd64.h"
import "C"

import "unsafe"

var hasVectors = C.gotune_warp_supported() != 0

// warpVectors is the warp with AVX-512, all of whose lines are gotune_warp's. It is
// false where the processor or the sizes are not for it.
func warpVectors(dst []uint8, plane, step, w, h int, src *Image, m Affine) bool {
	if !hasVectors || w < 16 || src.W < 2 || src.H < 2 || len(src.Pix) > 1<<30 {
		return false
	}
	var lines [2 + 2*64]int64
	lines[0], lines[1] = fixed(m[0]), fixed(m[3])
	for y := 0; y < h; {
		n := min(h-y, len(lines)/2-1)
		for i := range n {
			lines[2+2*i], lines[3+2*i] = m.lineStart(y + i)
		}
		C.gotune_warp((*C.uint8_t)(unsafe.Pointer(&dst[y*w*step])), C.int64_t(plane), C.int(w), C.int(n),
			(*C.uint8_t)(unsafe.Pointer(&src.Pix[0])), C.int(src.W), C.int(src.H), (*C.int64_t)(unsafe.Pointer(&lines[0])))
		y += n
	}
	return true
}
