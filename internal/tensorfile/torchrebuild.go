package tensorfile

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// rebuildTensor describes a tensor on a typed storage: storage, offset, size,
// stride, and then what only training needs.
func rebuildTensor(args pickle.Tuple) (any, error) {
	t, err := rebuild(args)
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
func rebuildUntyped(args pickle.Tuple) (any, error) {
	t, err := rebuild(args)
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
func rebuildParameter(args pickle.Tuple) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*torchTensor); ok {
			return t, nil
		}
	}
	return nil, errors.New("the first argument is not a tensor")
}

// rebuildFromType handles tensors that carry Python attributes: function, type,
// the function's arguments, the attributes.
func rebuildFromType(args pickle.Tuple) (any, error) {
	if len(args) == 4 {
		g, ok1 := args[0].(pickle.Global)
		inner, ok2 := args[2].(pickle.Tuple)
		switch {
		case !ok1 || !ok2:
		case g.Name == "_rebuild_tensor_v2":
			return rebuildTensor(inner)
		case g.Name == "_rebuild_tensor_v3":
			return rebuildUntyped(inner)
		case g.Name == "_rebuild_parameter":
			return rebuildParameter(inner)
		}
	}
	return nil, errors.New("the arguments do not describe a tensor")
}

func rebuild(args pickle.Tuple) (*torchTensor, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments, want at least 4", len(args))
	}
	s, ok1 := args[0].(*torchStorage)
	offset, ok2 := args[1].(int)
	shape, ok3 := ints(args[2])
	strides, ok4 := ints(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(strides) {
		return nil, errors.New("the arguments are not storage, offset, size and stride")
	}
	return &torchTensor{storage: s, dtype: s.dtype, offset: offset, shape: shape, strides: strides}, nil
}

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

func ints(v any) ([]int, bool) {
	t, ok := v.(pickle.Tuple)
	if !ok {
		return nil, false
	}
	out := make([]int, len(t))
	for i, e := range t {
		if out[i], ok = e.(int); !ok {
			return nil, false
		}
	}
	return out, true
}

func pythonSequence(args pickle.Tuple) (any, error) {
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
func pythonDict(args pickle.Tuple) (any, error) {
	d := new(pickle.Dict)
	if len(args) == 0 {
		return d, nil
	}
	l, ok := args[0].(*pickle.List)
	if !ok || len(args) > 1 {
		return nil, fmt.Errorf("argument is a %s, want a list of pairs", pickle.Kind(args[0]))
	}
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
func pythonBytes(args pickle.Tuple) (any, error) {
	if len(args) > 0 {
		switch v := args[0].(type) {
		case string:
			return []byte(v), nil
		case []byte:
			return v, nil
		}
	}
	return nil, errors.New("the argument is neither text nor bytes")
}
