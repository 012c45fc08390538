package pixels

// Trace is where the pixels of a result are drawn from: WarpInto's coordinates,
// for a warp that is done elsewhere, on the same whole numbers.
//
// Pixel x of line y lies at (X[y]+x·DX, Y[y]+x·DY), in units of 2^-TraceBits of a
// pixel. Without a constant fill that is held to the source. Then the top
// WeightBits of the fraction weigh the four neighbours, the last of them by their
// product rounded down, and the sum is rounded.
type Trace struct {
	X, Y   []int64
	DX, DY int64
	// What is read of the source: W×H pixels from (Left, Top) on. None, where all is
	// a constant fill.
	Left, Top, W, H int
}

// The precision of a Trace's coordinates, and of the weights they become.
const (
	TraceBits  = fracBits
	WeightBits = weightBits
)

// TraceWarp traces a warp that is len(x) lines of w pixels. The lines' beginnings
// are written to x and y, which are of the same length.
func TraceWarp(x, y []int64, w int, src *Image, m Affine, fill Fill) (Trace, error) {
	if err := checkWarp(w, len(x), src, m); err != nil {
		return Trace{}, err
	}
	t := Trace{X: x, Y: y, DX: fixed(m[0]), DY: fixed(m[3])}
	for i := range x {
		x[i], y[i] = m.lineStart(i)
	}
	t.Left, t.W = reach(x, t.DX, w, src.W, fill.Constant)
	t.Top, t.H = reach(y, t.DY, w, src.H, fill.Constant)
	if t.W == 0 || t.H == 0 {
		t.Left, t.Top, t.W, t.H = 0, 0, 0, 0
	}
	return t, nil
}

// reach returns which of size pixels are looked at along an axis: the first, and
// how many.
func reach(starts []int64, d int64, w, size int, constant bool) (first, n int) {
	lo, hi := starts[0], starts[0]
	for _, p := range starts {
		lo, hi = min(lo, p, p+int64(w-1)*d), max(hi, p, p+int64(w-1)*d)
	}
	if last := int64(size-1) << fracBits; !constant {
		lo, hi = min(max(lo, 0), last), min(max(hi, 0), last)
	}
	first = max(int(lo>>fracBits), 0)
	return first, max(min(int(hi>>fracBits)+2, size)-first, 0)
}
