package plan

// Memory is what a run needs at its peak, in bytes, by what takes it.
type Memory struct {
	Base        int64 `json:"base_bytes"`        // program, libtorch, the data's index
	Weights     int64 `json:"weights_bytes"`     // parameters and buffers
	Gradients   int64 `json:"gradients_bytes"`   // of what trains at once
	Optimizer   int64 `json:"optimizer_bytes"`   // state of all that ever trains
	Activations int64 `json:"activations_bytes"` // of the longest batch, or evaluation batch
	Batches     int64 `json:"batches_bytes"`     // built ahead
	Cache       int64 `json:"cache_bytes"`       // decoded pictures: pages of files, given back when memory is short
	Checkpoint  int64 `json:"checkpoint_bytes"`  // copies of the weights: a checkpoint being written, averages
	Peak        int64 `json:"peak_bytes"`

	Machine   int64 `json:"machine_bytes"`
	Available int64 `json:"available_bytes"` // now, to a run
	// Device is the memory of a GPU that weights, gradients, state and activations
	// take; 0 on the CPU.
	Device          int64 `json:"device_bytes,omitempty"`
	DeviceAvailable int64 `json:"device_available_bytes,omitempty"` // now, to a run; 0: unknown
	// Extrapolated says that the longest batch was not run, for want of memory.
	Extrapolated bool `json:"extrapolated"`
}

// WithPeak returns m with Peak computed of its parts.
func (m Memory) WithPeak() Memory {
	m.Peak = m.Base + m.Weights + m.Gradients + m.Optimizer + m.Activations + m.Batches + m.Cache + m.Checkpoint
	return m
}

// Short says whether the run needs more than there is. The cache's pages give
// way.
func (m Memory) Short() bool { return m.Available > 0 && m.Peak-m.Cache > m.Available }

// DeviceShort says the same of a GPU's memory.
func (m Memory) DeviceShort() bool { return m.DeviceAvailable > 0 && m.Device > m.DeviceAvailable }

// Extrapolate continues the line through two measured batches, of n1 and n2
// examples, to one of n.
func Extrapolate(n1 int, b1 int64, n2 int, b2 int64, n int) int64 {
	if n2 <= n1 || b2 <= b1 {
		return max(b1, b2) * int64(n) / int64(max(n1, n2, 1))
	}
	return b1 + int64(float64(b2-b1)/float64(n2-n1)*float64(n-n1))
}
