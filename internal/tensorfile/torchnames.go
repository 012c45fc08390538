package tensorfile

import "github.com/gotune/gotune/internal/tensorfile/pickle"

// torchType returns the element type of one of PyTorch's dtypes, which tensors on
// untyped storages name.
func torchType(g pickle.Global) (DType, bool) {
	if g.Module != "torch" {
		return "", false
	}
	switch g.Name {
	case "float64":
		return F64, true
	case "float32":
		return F32, true
	case "float16":
		return F16, true
	case "bfloat16":
		return BF16, true
	case "int64":
		return I64, true
	case "int32":
		return I32, true
	case "int16":
		return I16, true
	case "int8":
		return I8, true
	case "uint64":
		return U64, true
	case "uint32":
		return U32, true
	case "uint16":
		return U16, true
	case "uint8":
		return U8, true
	case "bool":
		return BOOL, true
	}
	return "", false
}

// storageType returns the element type of one of PyTorch's storage classes.
func storageType(g pickle.Global) (DType, bool) {
	if g.Module != "torch" && g.Module != "torch.storage" && g.Module != "torch.cuda" {
		return "", false
	}
	switch g.Name {
	case "DoubleStorage":
		return F64, true
	case "FloatStorage":
		return F32, true
	case "HalfStorage":
		return F16, true
	case "BFloat16Storage":
		return BF16, true
	case "LongStorage":
		return I64, true
	case "IntStorage":
		return I32, true
	case "ShortStorage":
		return I16, true
	case "CharStorage":
		return I8, true
	case "ByteStorage", "UntypedStorage":
		return U8, true
	case "BoolStorage":
		return BOOL, true
	}
	return "", false
}

// torchCall returns one of the functions that a checkpoint may call, all of them
// known to do nothing but describe a tensor or a plain container. What it copies
// of its arguments it takes from the budget.
func torchCall(g pickle.Global) (func(b *budget, args pickle.Tuple) (any, error), bool) {
	switch g.String() {
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		return rebuildTensor, true
	case "torch._utils._rebuild_tensor_v3":
		return rebuildUntyped, true
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
		return rebuildParameter, true
	case "torch._tensor._rebuild_from_type_v2":
		return rebuildFromType, true
	case "collections.OrderedDict", "builtins.dict", "__builtin__.dict":
		return pythonDict, true
	case "torch.Size", "torch.device",
		"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset",
		"__builtin__.list", "__builtin__.tuple", "__builtin__.set", "__builtin__.frozenset":
		return pythonSequence, true
	case "_codecs.encode", "builtins.bytearray", "__builtin__.bytearray":
		return pythonBytes, true
	}
	return nil, false
}
