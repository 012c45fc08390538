package tensorfile

import "fmt"

// budget bounds the memory that one file may make us allocate. Tensors that
// point into the mapping are free; what is inflated, gathered from strides,
// filled in or copied by a pickle's calls counts. Honest files stay below their own size, and a few hundred
// bytes that claim a terabyte are refused before the allocation.
type budget struct{ left int }

const (
	budgetBase   = 64 << 20
	budgetFactor = 64
)

func newBudget(fileSize int) *budget {
	return &budget{left: budgetBase + budgetFactor*fileSize}
}

// alloc returns n zero bytes, or an error once the file's share is used up.
func (b *budget) alloc(n int) ([]byte, error) {
	if err := b.take(n); err != nil {
		return nil, err
	}
	return make([]byte, n), nil
}

// take accounts for n bytes that the caller is about to allocate.
func (b *budget) take(n int) error {
	if n < 0 || n > b.left {
		return fmt.Errorf("%d bytes unpacked is absurd for a file of this size", n)
	}
	b.left -= n
	return nil
}
