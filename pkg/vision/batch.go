package vision

import "github.com/gotune/gotune/pkg/torch"

// Batch is N pictures on the host, as bytes: a quarter of what they are as
// float32, which is made of them on the device. It may cross goroutines.
type Batch struct {
	N      int
	Input  Input
	Pixels []uint8  // [N,3,S,S], RGB; nil where the device draws: see Dataset.DrawOn
	Labels []int64  // [N] class of each picture; -1: unknown
	Names  []string // [N] file of each picture, for messages
	Epoch  int

	sources *sources      // what the device draws; nil: Pixels are drawn
	mix     mix           // how the pictures are blended, two by two
	kept    *keptFeatures // where features of these pictures are kept; or nil
	draw    func() error  // fills Pixels or sources, where they were thought to be needless
}

// Tensors copies the batch to the device: pictures [N,3,S,S], normalised as the
// model wants them, and labels [N].
func (b *Batch) Tensors(s *torch.Scope) (x, y *torch.Tensor) {
	return b.mix.apply(s, b.pictures(s, 0, b.N)), torch.FromSlice(s, b.Labels, b.N)
}

// pictures returns n of them, [n,3,S,S].
func (b *Batch) pictures(s *torch.Scope, from, n int) *torch.Tensor {
	if b.draw != nil {
		if err := b.draw(); err != nil {
			s.Fail(err)
			return &torch.Tensor{}
		}
		b.draw = nil
	}
	in := b.Input
	var x *torch.Tensor
	if b.sources != nil {
		x = b.sources.draw(s, from, n)
	} else {
		size := 3 * in.Size * in.Size
		x = s.FromBytes(b.Pixels[from*size:(from+n)*size], torch.Uint8, n, 3, in.Size, in.Size)
	}
	x = s.MulScalar(s.Cast(x, torch.Float32), 1.0/255)
	if in.BGR {
		x = s.IndexSelect(x, 1, torch.FromSlice(s, []int64{2, 1, 0}, 3))
	}
	var mean, std [3]float32
	for i := range 3 {
		mean[i], std[i] = float32(in.Mean[i]), float32(in.Std[i])
	}
	return s.Div(s.Subtract(x, torch.FromSlice(s, mean[:], 1, 3, 1, 1)), torch.FromSlice(s, std[:], 1, 3, 1, 1))
}

// Size returns the number of pictures.
func (b *Batch) Size() int { return b.N }

// Targets returns the labels, [N].
func (b *Batch) Targets() []int64 { return b.Labels }

// Name returns the file of the i-th picture.
func (b *Batch) Name(i int) string { return b.Names[i] }

// Tokens is 0: pictures have none.
func (b *Batch) Tokens() int { return 0 }
