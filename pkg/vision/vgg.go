package vision

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// vggLayers is table 1 of Simonyan & Zisserman 2014: the convolutions of each of
// the five blocks. Every block doubles the channels up to 512 and ends in a 2×2
// maximum.
var vggLayers = map[string][5]int{
	"vgg11": {1, 1, 2, 2, 2}, // column A
	"vgg13": {2, 2, 2, 2, 2}, // B
	"vgg16": {2, 2, 3, 3, 3}, // D
	"vgg19": {2, 2, 4, 4, 4}, // E
}

var vggChannels = [5]int{64, 128, 256, 512, 512}

// vgg is the trunk of VGG.
type vgg struct {
	blocks  [5][]vggConv
	blockOf map[int]int // index in torchvision's features → block
}

type vggConv struct {
	index int // in torchvision's features
	conv  *torch.Conv2d
	norm  *torch.BatchNorm2d // or nil
}

// relu is the index of its ReLU in torchvision's features.
func (c vggConv) relu() int {
	if c.norm != nil {
		return c.index + 2
	}
	return c.index + 1
}

func (b *builder) vgg(arch string, norm bool) *vgg {
	v := &vgg{blockOf: make(map[int]int)}
	index, in := 0, 3
	for i, n := range vggLayers[arch] {
		out := vggChannels[i]
		for range n {
			c := vggConv{index: index, conv: b.conv(fmt.Sprintf("features.%d", index), torch.Conv2dOptions{
				In: in, Out: out, Kernel: 3, Padding: 1,
				// kaiming_normal_(mode="fan_out"): fan out is 9·out.
				Init: torch.Normal(0, math.Sqrt(2/float64(9*out))),
			})}
			v.blockOf[index] = i
			index++ // the ReLU, or the norm
			if norm {
				c.norm = b.norm(fmt.Sprintf("features.%d", index), out)
				v.blockOf[index] = i
				index++
			}
			index++
			v.blocks[i] = append(v.blocks[i], c)
			in = out
		}
		index++ // the pool
	}
	return v
}

func (v *vgg) forward(s *torch.Scope, x *torch.Tensor, from, to int, seen func(string, *torch.Tensor)) *torch.Tensor {
	for i := from; i < to; i++ {
		last := len(v.blocks[i]) - 1
		convs := v.blocks[i]
		if i == 0 && last > 0 && seen == nil {
			a, b := convs[0], convs[1]
			x = a.conv.FusedPair(s, x, a.norm, b.conv, b.norm, last == 1)
			convs = convs[2:]
		}
		for j, c := range convs {
			if seen == nil && c == v.blocks[i][last] {
				x = s.Block(func(s *torch.Scope) *torch.Tensor { return c.conv.FusedPool(s, x, c.norm) })
				continue
			}
			x = s.Block(func(s *torch.Scope) *torch.Tensor { return c.conv.Fused(s, x, c.norm, true) })
			if seen != nil {
				seen(fmt.Sprintf("block%d_conv%d", i+1, j+1), x)
				seen(fmt.Sprintf("features.%d", c.relu()), x)
			}
		}
		if seen != nil {
			x = s.MaxPool2d(x, 2, 2, 0)
			seen(fmt.Sprintf("block%d_pool", i+1), x)
			seen(fmt.Sprintf("features.%d", v.blocks[i][last].relu()+1), x)
		}
	}
	return x
}

func (v *vgg) channels() int { return vggChannels[4] }

func (v *vgg) widest(S int) int { return vggChannels[0] * S * S }

func (v *vgg) groups() []string { return []string{"block1", "block2", "block3", "block4", "block5"} }

func (v *vgg) group(param string) string {
	index, _, _ := strings.Cut(strings.TrimPrefix(param, "features."), ".")
	n, err := strconv.Atoi(index)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("block%d", v.blockOf[n]+1)
}
