package tensorfile

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// wrappers are the keys under which training scripts put the state_dict beside
// epoch, optimiser and the like, the most telling first.
var wrappers = [...]string{"state_dict", "model_state_dict", "model", "module", "net"}

const (
	maxDepth   = 16       // of dicts in dicts; a pickle can nest itself
	maxEntries = 1 << 20  // of all dicts together
	maxNames   = 64 << 20 // bytes of all names: shared dicts multiply long keys
)

// namedTensor is an entry of a state_dict.
type namedTensor struct {
	name   string
	tensor *torchTensor
}

// stateDict finds the tensors in a checkpoint. A dict under one of the wrapper
// keys is the model and all beside it is left aside; dicts within it are
// flattened with dots.
func stateDict(root any) ([]namedTensor, error) {
	d, ok := root.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("the checkpoint is a %s, want a dict of tensors", kindOf(root))
	}
	for range maxDepth {
		inner, err := unwrap(d)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			break
		}
		d = inner
	}
	var w dictWalk
	if err := w.walk(d, "", 0); err != nil {
		return nil, err
	}
	return w.found, nil
}

// unwrap returns the dict of tensors under a wrapper key of d, or nil.
func unwrap(d *pickle.Dict) (*pickle.Dict, error) {
	for _, key := range wrappers {
		v, _ := d.Get(key)
		inner, ok := v.(*pickle.Dict)
		if !ok {
			continue
		}
		var w dictWalk
		if err := w.walk(inner, "", 0); err != nil {
			return nil, err
		}
		if len(w.found) > 0 {
			return inner, nil
		}
	}
	return nil, nil
}

type dictWalk struct {
	found   []namedTensor
	entries int
	bytes   int
}

func (w *dictWalk) walk(d *pickle.Dict, prefix string, depth int) error {
	if depth == maxDepth {
		return errors.New("dicts are nested too deep")
	}
	for _, it := range d.Items {
		var key string
		switch k := it.Key.(type) {
		case string:
			key = k
		case int:
			key = strconv.Itoa(k)
		default:
			continue
		}
		w.entries++
		w.bytes += len(prefix) + len(key)
		if w.entries > maxEntries || w.bytes > maxNames {
			return errors.New("too many entries")
		}
		switch v := it.Value.(type) {
		case *torchTensor:
			w.found = append(w.found, namedTensor{prefix + key, v})
		case *pickle.Dict:
			if err := w.walk(v, prefix+key+".", depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func kindOf(v any) string {
	if _, ok := v.(*torchTensor); ok {
		return "single tensor"
	}
	return pickle.Kind(v)
}

// torchContent turns the pickle's value into tensors, now that the storages
// have their data.
func torchContent(root any, b *budget) (content, error) {
	found, err := stateDict(root)
	if err != nil {
		return content{}, err
	}
	c := content{format: PyTorch}
	for _, f := range found {
		t, err := f.tensor.tensor(f.name, b)
		if err != nil {
			return content{}, fmt.Errorf("tensor %q: %w", f.name, err)
		}
		c.tensors = append(c.tensors, t)
	}
	return c, nil
}
