package tensorfile

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// maxPickle bounds the part of a checkpoint that is a program rather than data:
// about 150 bytes a tensor in an honest one.
const maxPickle = 32 << 20

// torchStorage is a run of elements that tensors view.
type torchStorage struct {
	key   string
	dtype DType // the width that numel and offsets count; U8 when untyped
	numel int
	data  []byte // set once the pickle is read
}

// torchResolver is what a checkpoint's pickle may reach.
type torchResolver struct {
	storages map[string]*torchStorage
	order    []*torchStorage
	budget   *budget // calls copy: five bytes of a pickle repeat one, on an argument of any size
}

func newTorchResolver(b *budget) *torchResolver {
	return &torchResolver{storages: make(map[string]*torchStorage), budget: b}
}

// Allow refuses every global that is not in the lists above: a pickle that
// names another would run code in Python.
func (r *torchResolver) Allow(g pickle.Global) error {
	_, call := torchCall(g)
	_, storage := storageType(g)
	_, dtype := torchType(g)
	if call || storage || dtype {
		return nil
	}
	switch g.String() {
	case "torch.Tensor", "torch.nn.parameter.Parameter": // arguments of rebuilds
		return nil
	}
	return fmt.Errorf("%s is none of the functions that rebuild plain tensors and is not run: save the state_dict alone", g)
}

// Call applies one of the functions of torchCall.
func (r *torchResolver) Call(g pickle.Global, args pickle.Tuple) (any, error) {
	call, ok := torchCall(g)
	if !ok {
		return nil, errors.New("not a function that rebuilds tensors")
	}
	return call(r.budget, args)
}

// Persistent returns the storage of an id: ('storage', type, key, location,
// elements) and in legacy files a view, which only the oldest PyTorch used.
func (r *torchResolver) Persistent(id any) (any, error) {
	t, ok := id.(pickle.Tuple)
	if !ok || len(t) < 5 {
		return nil, fmt.Errorf("persistent id is a %s, want a storage", pickle.Kind(id))
	}
	kind, _ := t[0].(string)
	g, ok1 := t[1].(pickle.Global)
	key, ok2 := t[2].(string)
	numel, ok3 := t[4].(int)
	dtype, ok4 := storageType(g)
	if kind != "storage" || !ok1 || !ok2 || !ok3 || !ok4 || numel < 0 {
		return nil, errors.New("persistent id does not describe a storage")
	}
	if len(t) > 5 && t[5] != nil {
		return nil, fmt.Errorf("storage %q is a view, as only the oldest PyTorch wrote: save it anew", key)
	}
	if s, ok := r.storages[key]; ok {
		if s.dtype != dtype || s.numel != numel {
			return nil, fmt.Errorf("storage %q is %d × %s and %d × %s", key, s.numel, s.dtype, numel, dtype)
		}
		return s, nil
	}
	s := &torchStorage{key: key, dtype: dtype, numel: numel}
	r.storages[key] = s
	r.order = append(r.order, s)
	return s, nil
}
