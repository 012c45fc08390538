package vision

import "github.com/gotune/gotune/pkg/torch"

// Runtime is libtorch for the tests within the package.
var Runtime *torch.Runtime

// mulAdd has its operands in registers: the compiler fuses neither constants nor
// what it loads from memory.
//
//go:noinline
func mulAdd(a, b, c float32) float32 { return a*b + c }

// Fuses tells whether Go's compiler makes one operation, rounded once, of a
// product and a sum, as it does for arm64 and GOAMD64=v3. Then a step of jitter may
// differ by 1 from the device's, and four of them by more.
func Fuses() bool {
	// Of 2^-11 + 2^-24 the product's rounding drops the latter.
	return mulAdd(1+0x1p-12, 1+0x1p-12, -1) != 0x1p-11
}

// RunAtOnce sets how many numbers a layer makes at a time where no gradient is
// asked.
func RunAtOnce(m *Model, numbers int) { m.atOnce = numbers }
