// Package tensorfile reads named tensors from the files that models come in and
// writes them as safetensors.
//
// Open tells the format by content: safetensors, PyTorch's zip and legacy
// checkpoints, an index with its shards, Keras' HDF5, .npy and .npz. A file is
// mapped, not read: the tensors of a safetensors file, and all those that lie
// contiguous in the others, point into the mapping, so that opening costs
// milliseconds whatever the size. No format runs code: of a pickle only the
// functions that rebuild tensors are known, and any other name is an error.
//
// Files are treated as hostile. Every length is checked against the file before
// anything is allocated, and a truncated or contradictory file is an error that
// names the file and, where there is one, the tensor.
package tensorfile
