package vision_test

import (
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// A portion of the pictures at a time gives what all at once give: logits in
// evaluation, and loss and gradients where the lower groups are frozen. Seven
// pictures are parts of 2, 2, 2 and 1.
func TestPortionsAreTheWhole(t *testing.T) {
	const N, S = 7, 64
	for _, arch := range []string{"vgg11_bn", "resnet18", "resnet50"} {
		m, err := vision.New(rt, vision.Config{
			Architecture: arch, ImageSize: S, Head: vision.Linear, Labels: []string{"a", "b"}, NumLabels: 2,
			Fit: vision.FitCrop, ResizeShortSide: S, ImageStd: [3]float64{1, 1, 1}, ChannelOrder: "RGB",
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		groups := m.Groups()
		trains := map[string]bool{"head": true, groups[len(groups)-2]: true}
		var ps []*torch.Tensor
		for _, p := range m.Store().Parameters() {
			if err := p.SetTrainable(trains[m.Group(p.Name)]); err != nil {
				t.Fatal(err)
			}
			if p.Trainable() {
				ps = append(ps, p.T)
			}
		}
		pictures := rt.Scope(torch.Mode{})
		x := pictures.Floats(pictures.Normal_(pictures.Zeros(torch.Float32, N, 3, S, S), 0, 1))
		if err := pictures.Close(); err != nil {
			t.Fatal(err)
		}
		// run returns the logits, and the gradients where mode asks for them.
		run := func(mode torch.Mode, atOnce int) (out []float32) {
			vision.RunAtOnce(m, atOnce)
			s := rt.Scope(mode)
			defer func() {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}()
			y := m.Logits(s, torch.FromSlice(s, x, N, 3, S, S))
			out = append(out, s.Floats(s.Cast(y, torch.Float32))...)
			if mode.Grad {
				s.Backward(s.CrossEntropy(y, torch.FromSlice(s, make([]int64, N), N)))
				for _, p := range ps {
					out = append(out, s.Floats(s.Grad(p))...)
				}
				s.ZeroGrads(ps)
			}
			return out
		}
		for name, mode := range map[string]torch.Mode{
			"evaluation": {}, "evaluation in bfloat16": {Autocast: torch.BFloat16}, "a step": {Grad: true},
		} {
			whole, parts := run(mode, math.MaxInt), run(mode, 2*64*S*S)
			if arch != "vgg11_bn" {
				parts = run(mode, 2*64*S*S/4)
			}
			within := 1e-5 // other sizes, another order of summing
			if mode.Autocast == torch.BFloat16 {
				within = 2e-2
			}
			var apart, top float64
			for i := range whole {
				apart = max(apart, math.Abs(float64(whole[i]-parts[i])))
				top = max(top, math.Abs(float64(whole[i])))
			}
			if len(parts) != len(whole) || !(apart <= within*top) || top == 0 {
				t.Errorf("%s, %s: %d numbers apart by %g of %g", arch, name, len(whole), apart, top)
			}
		}
	}
}
