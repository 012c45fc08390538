//go:build !cgo || !amd64

package pixels

// warpVectors is for processors that we have no vectors for: see warp_cgo.go.
func warpVectors([]uint8, int, int, int, int, *Image, Affine) bool { return false }
