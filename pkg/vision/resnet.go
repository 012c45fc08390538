package vision

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// resnetShape is a row of table 1 of He et al. 2015: the blocks of the four
// stages, and whether they are bottlenecks.
type resnetShape struct {
	blocks     [4]int
	bottleneck bool
}

var resnets = map[string]resnetShape{
	"resnet18":  {[4]int{2, 2, 2, 2}, false},
	"resnet34":  {[4]int{3, 4, 6, 3}, false},
	"resnet50":  {[4]int{3, 4, 6, 3}, true},
	"resnet101": {[4]int{3, 4, 23, 3}, true},
	"resnet152": {[4]int{3, 8, 36, 3}, true},
}

// resnet is the trunk of ResNet.
type resnet struct {
	conv1 *torch.Conv2d
	bn1   *torch.BatchNorm2d
	stage [4][]residual
	out   int
}

// residual is a block: two or three convolutions with their norms, and the
// projection of a shortcut that changes shape.
type residual struct {
	conv       []*torch.Conv2d
	norm       []*torch.BatchNorm2d
	projection *torch.Conv2d // or nil
	projNorm   *torch.BatchNorm2d
}

func (b *builder) resnet(shape resnetShape, strideIn1x1 bool) *resnet {
	r := &resnet{conv1: b.resnetConv("conv1", 3, 64, 7, 2), bn1: b.norm("bn1", 64)}
	in := 64
	for i, n := range shape.blocks {
		width := 64 << i
		out := width
		if shape.bottleneck {
			out = 4 * width
		}
		for j := range n {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			name := fmt.Sprintf("layer%d.%d", i+1, j)
			var k residual
			add := func(in, out, kernel, stride int) {
				c := len(k.conv) + 1
				k.conv = append(k.conv, b.resnetConv(fmt.Sprintf("%s.conv%d", name, c), in, out, kernel, stride))
				k.norm = append(k.norm, b.norm(fmt.Sprintf("%s.bn%d", name, c), out))
			}
			switch {
			case !shape.bottleneck:
				add(in, width, 3, stride)
				add(width, width, 3, 1)
			case strideIn1x1:
				add(in, width, 1, stride)
				add(width, width, 3, 1)
				add(width, out, 1, 1)
			default:
				add(in, width, 1, 1)
				add(width, width, 3, stride)
				add(width, out, 1, 1)
			}
			if in != out || stride != 1 {
				k.projection = b.resnetConv(name+".downsample.0", in, out, 1, stride)
				k.projNorm = b.norm(name+".downsample.1", out)
			}
			r.stage[i] = append(r.stage[i], k)
			in = out
		}
	}
	r.out = in
	return r
}

func (b *builder) resnetConv(name string, in, out, kernel, stride int) *torch.Conv2d {
	return b.conv(name, torch.Conv2dOptions{
		In: in, Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2, NoBias: true,
		Init: torch.Normal(0, math.Sqrt(2/float64(kernel*kernel*out))), // kaiming_normal_, fan out
	})
}

func (r *resnet) forward(s *torch.Scope, x *torch.Tensor, from, to int, seen func(string, *torch.Tensor)) *torch.Tensor {
	tell := func(name string, y *torch.Tensor) {
		if seen != nil {
			seen(name, y)
		}
	}
	if from == 0 && to > 0 {
		x = r.conv1.Fused(s, x, r.bn1, true)
		tell("relu", x) // torchvision's name of it, not conv1's output
		x = s.MaxPool2d(x, 3, 2, 1)
	}
	for i := max(from-1, 0); i < to-1; i++ { // the stem is the first group
		for j, k := range r.stage[i] {
			x = s.Block(func(s *torch.Scope) *torch.Tensor { return k.forward(s, x) })
			tell(fmt.Sprintf("layer%d.%d", i+1, j), x)
		}
		tell(fmt.Sprintf("layer%d", i+1), x)
	}
	return x
}

func (k residual) forward(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	y, last := x, len(k.conv)-1
	for i, c := range k.conv[:last] {
		y = c.Fused(s, y, k.norm[i], true)
	}
	if k.projection != nil {
		x = k.projection.Fused(s, x, k.projNorm, false)
	}
	return k.conv[last].FusedAdd(s, y, k.norm[last], x)
}

func (r *resnet) channels() int { return r.out }

// The stem's, and those of a bottleneck in layer1, which has four times as many
// channels of a quarter of the pixels.
func (r *resnet) widest(S int) int { return 64 * ((S + 1) / 2) * ((S + 1) / 2) }

func (r *resnet) groups() []string {
	return []string{"stem", "layer1", "layer2", "layer3", "layer4"}
}

func (r *resnet) group(param string) string {
	if first, _, _ := strings.Cut(param, "."); strings.HasPrefix(first, "layer") {
		return first
	}
	return "stem"
}
