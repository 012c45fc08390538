package torch

import "github.com/sugarme/gotch/libtch"

func freeRaw(p raw) { libtch.AtFree(libtch.Ctensor(p)) }

// ct is gotch's type for the same pointer; nil stands for an absent optional
// tensor.
func ct(t *Tensor) libtch.Ctensor {
	if t == nil {
		return nil
	}
	return libtch.Ctensor(t.ptr)
}
