package vision

import "github.com/gotune/gotune/pkg/torch"

// atOnceThrough is how many numbers a layer makes at a time of pictures that no
// gradient is asked of: 5 pictures of 224×224 through VGG, 20 through ResNet. The more
// there are the more new pages the kernel clears for them, and the more memory they
// take; the fewer there are the more often weights are fetched.
const atOnceThrough = 1 << 24

// run runs the trunk's groups from ≤ g < to.
//
// On the CPU, what no gradient is asked of is run a portion of the pictures at a
// time: the memory for what a layer makes of them is used again by the next one,
// where that of a whole batch is fetched from the kernel, and cleared, for each.
func (m *Model) run(s *torch.Scope, x *torch.Tensor, from, to int) *torch.Tensor {
	quiet := max(from, min(m.quiet(s), to))
	if few, n := m.portion(s, x); few < n && quiet > from {
		x = s.Block(func(s *torch.Scope) *torch.Tensor {
			var parts []*torch.Tensor
			for i := 0; i < n; i += few {
				part := s.Narrow(x, 0, i, min(few, n-i))
				parts = append(parts, s.Block(func(s *torch.Scope) *torch.Tensor {
					return m.trunk.forward(s, part, from, quiet, nil)
				}))
			}
			return s.Cat(parts, 0)
		})
		from = quiet
	}
	return m.trunk.forward(s, x, from, to, nil)
}

// portion returns how many of x's n pictures are run at a time: parts of like size.
func (m *Model) portion(s *torch.Scope, x *torch.Tensor) (few, n int) {
	shape := x.Shape()
	if len(shape) != 4 || s.Runtime().Device().IsCUDA() {
		return 0, 0
	}
	n = shape[0]
	most := max(m.atOnce/m.trunk.widest(m.Config.ImageSize), 1)
	parts := max((n+most-1)/most, 1)
	return (n + parts - 1) / parts, n
}

// quiet returns how many of the trunk's groups, from the bottom, no gradient is
// asked of and no statistics are taken of.
func (m *Model) quiet(s *torch.Scope) int {
	if mode := s.Mode(); !mode.Grad && !mode.Train {
		return len(m.groups) - 1
	}
	return m.frozenPrefix()
}
