package tensorfile

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// rebuildTensor describes a tensor on a typed storage: storage, offset, size,
// stride, and then what only training needs.
func rebuildTensor(b *budget, args pickle.Tuple) (any, error) {
	t, err := rebuild(b, args)
	if err != nil {
		return nil, err
	}
	if len(args) > 6 {
		if err := checkViewBits(args[6]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// rebuildUntyped is rebuildTensor for the types without a storage class of
// their own: requires_grad and hooks stand before the dtype.
func rebuildUntyped(b *budget, args pickle.Tuple) (any, error) {
	t, err := rebuild(b, args)
	if err != nil {
		return nil, err
	}
	if len(args) < 7 {
		return nil, fmt.Errorf("%d arguments, want 7", len(args))
	}
	g, _ := args[6].(pickle.Global)
	dtype, ok := torchType(g)
	if !ok {
		return nil, fmt.Errorf("dtype %s is not supported", pickle.Kind(args[6]))
	}
	t.dtype = dtype
	if len(args) > 7 {
		if err := checkViewBits(args[7]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// rebuildParameter drops what makes a tensor a parameter.
func rebuildParameter(_ *budget, args pickle.Tuple) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*torchTensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("the first argument is not a tensor")
}

// rebuildFromType handles tensors that carry Python attributes: function, type,
// the function's arguments, the attributes.
func rebuildFromType(b *budget, args pickle.Tuple) (any, error) {
	if len(args) == 4 {
		g, ok1 := args[0].(pickle.Global)
		inner, ok2 := args[2].(pickle.Tuple)
		switch {
		case !ok1 || !ok2:
		case g.Name == "_rebuild_tensor_v2":
			return rebuildTensor(b, inner)
		case g.Name == "_rebuild_tensor_v3":
			return rebuildUntyped(b, inner)
		case g.Name == "_rebuild_parameter":
			return rebuildParameter(b, inner)
		}
	}
	return nil, errors.New("the arguments do not describe a tensor")
}

func rebuild(b *budget, args pickle.Tuple) (*torchTensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments, want at least 4", len(args))
	}
	s, ok1 := args[0].(*torchStorage)
	offset, ok2 := args[1].(int)
	size, ok3 := args[2].(pickle.Tuple)
	stride, ok4 := args[3].(pickle.Tuple)
	if !ok1 || !ok2 || !ok3 || !ok4 || len(size) != len(stride) {
		return nil, errRebuild
	}
	if len(size) > maxRank {
		return nil, fmt.Errorf("%d dimensions, at most %d", len(size), maxRank)
	}
	t := &torchTensor{storage: s, dtype: s.dtype, offset: offset}
	var err error
	if t.shape, err = ints(b, size); err != nil {
		return nil, err
	}
	t.strides, err = ints(b, stride)
	return t, err
}

var errRebuild = errors.New("the arguments are not storage, offset, size and stride")

// maxRank is what PyTorch's own operations go up to.
const maxRank = 64

// checkViewBits refuses tensors whose data is stored negated or conjugated.
func checkViewBits(v any) error {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil
	}
	for _, key := range []string{"neg", "conj"} {
		if set, _ := d.Get(key); set == true {
			return fmt.Errorf("a lazily evaluated view (%s) is not supported", key)
		}
	}
	return nil
}

func ints(b *budget, t pickle.Tuple) ([]int, error) {
	if err := b.take(8 * len(t)); err != nil {
		return nil, err
	}
	out := make([]int, len(t))
	for i, e := range t {
		n, ok := e.(int)
		if !ok {
			return nil, errRebuild
		}
		out[i] = n
	}
	return out, nil
}

func pythonSequence(_ *budget, args pickle.Tuple) (any, error) {
	if len(args) == 1 {
		switch v := args[0].(type) {
		case pickle.Tuple:
			return v, nil
		case *pickle.List:
			return v, nil
		}
	}
	return args, nil
}

// pythonDict makes a dict; Python 2 passes an OrderedDict's pairs along.
func pythonDict(b *budget, args pickle.Tuple) (any, error) {
	d := new(pickle.Dict)
	if len(args) == 0 {
		return d, nil
	}
	l, ok := args[0].(*pickle.List)
	if !ok || len(args) > 1 {
		return nil, fmt.Errorf("argument is a %s, want a list of pairs", pickle.Kind(args[0]))
	}
	if err := b.take(32 * len(l.Items)); err != nil { // an Item is two interfaces
		return nil, err
	}
	d.Items = make([]pickle.Item, 0, len(l.Items))
	for _, pair := range l.Items {
		kv, ok := pair.(*pickle.List)
		if t, isTuple := pair.(pickle.Tuple); isTuple {
			kv, ok = &pickle.List{Items: t}, true
		}
		if !ok || len(kv.Items) != 2 {
			return nil, errors.New("argument is not a list of pairs")
		}
		d.Items = append(d.Items, pickle.Item{Key: kv.Items[0], Value: kv.Items[1]})
	}
	return d, nil
}

// pythonBytes is how protocol 2 spells bytes: the text to encode and a codec.
// The encoding is not undone, as no tensor is made of it.
func pythonBytes(b *budget, args pickle.Tuple) (any, error) {
	if len(args) > 0 {
		switch v := args[0].(type) {
		case string:
			if err := b.take(len(v)); err != nil {
				return nil, err
			}
			return []byte(v), nil
		case []byte:
			return v, nil
		}
	}
	return nil, errors.New("the argument is neither text nor bytes")
}
