package tensorfile

import (
	"fmt"
	"math"
)

// torchTensor is a tensor as the pickle rebuilds it, before its data is there.
type torchTensor struct {
	storage        *torchStorage
	dtype          DType
	offset         int // in elements of dtype
	shape, strides []int
}

// tensor gives the description its data: in place where it is contiguous,
// gathered where it is transposed, expanded or cut out.
func (t *torchTensor) tensor(name string, b *budget) (Tensor, error) {
	out := Tensor{Name: name, DType: t.dtype, Shape: t.shape}
	size := t.dtype.Size()
	n, err := t.dtype.byteSize(t.shape)
	if err != nil {
		return out, err
	}
	if n == 0 {
		out.Data = []byte{}
		return out, nil
	}
	last, err := t.lastIndex()
	if err != nil {
		return out, err
	}
	if have := len(t.storage.data) / size; last >= have {
		return out, fmt.Errorf("element %d of storage %q, which has %d", last, t.storage.key, have)
	}
	src := t.storage.data[t.offset*size:]
	if t.contiguous() {
		out.Data = src[:n:n]
		return out, nil
	}
	if out.Data, err = b.alloc(n); err != nil {
		return out, err
	}
	copyStrided(out.Data, src, size, t.shape, t.strides)
	return out, nil
}

// lastIndex returns the highest element that the tensor, not empty, reaches.
func (t *torchTensor) lastIndex() (int, error) {
	if t.offset < 0 {
		return 0, fmt.Errorf("offset %d is negative", t.offset)
	}
	last := t.offset
	for i, n := range t.shape {
		s := t.strides[i]
		if s < 0 {
			return 0, fmt.Errorf("stride %d is negative", s)
		}
		if n > 1 && s > 0 && (n-1) > (math.MaxInt-last)/s {
			return 0, fmt.Errorf("shape %v with strides %v overflows", t.shape, t.strides)
		}
		last += (n - 1) * s
	}
	return last, nil
}

func (t *torchTensor) contiguous() bool {
	step := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}
