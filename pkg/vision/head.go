package vision

import (
	"fmt"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// head is the classifier on a trunk: a pool or none, then linear maps with ReLU
// and dropout between them.
type head struct {
	prefix  string // torchvision's name: classifier or fc
	layers  []*torch.Linear
	pool    int // side that the feature map is averaged to; 0: left as it is
	dropout float64
}

// owns says whether a parameter is the head's.
func (h *head) owns(param string) bool { return strings.HasPrefix(param, h.prefix+".") }

// head adds the head's parameters, named as torchvision's Sequential of Linear,
// ReLU and Dropout, or as a single Linear.
func (b *builder) head(cfg Config, t trunk) *head {
	h := &head{prefix: cfg.headPrefix(), pool: 1, dropout: cfg.Dropout}
	side := 1
	if cfg.isVGG() {
		h.pool, side = 7, 7
		if cfg.flattens() {
			h.pool, side = 0, cfg.ImageSize/32
		}
	}
	widths := cfg.hidden()
	in := t.channels() * side * side
	for i, out := range append(widths, cfg.NumLabels) {
		weight, bias := torch.KaimingUniform(in), torch.KaimingUniform(in)
		if cfg.Head == Original && cfg.isVGG() { // torchvision's
			weight, bias = torch.Normal(0, 0.01), torch.Constant(0)
		}
		h.layers = append(h.layers, b.linear(cfg.headLayer(i), in, out, weight, bias))
		in = out
	}
	return h
}

// hidden is the widths of the head's layers but for the last.
func (c Config) hidden() []int {
	switch {
	case c.Head == Documented:
		return []int{256, 128}
	case c.Head == Original && c.isVGG():
		return []int{4096, 4096}
	}
	return nil
}

// headPrefix is torchvision's name of the head.
func (c Config) headPrefix() string {
	if c.isVGG() {
		return "classifier"
	}
	return "fc"
}

// headLayer is the name of the head's i-th linear layer.
func (c Config) headLayer(i int) string {
	if len(c.hidden()) == 0 {
		return c.headPrefix()
	}
	return fmt.Sprintf("%s.%d", c.headPrefix(), 3*i) // Linear, ReLU, Dropout
}

func (c Config) isVGG() bool { return strings.HasPrefix(c.Architecture, "vgg") }

// flattens says whether the head's width follows the image's size; else the
// feature map is averaged to a fixed one.
func (c Config) flattens() bool { return c.isVGG() && c.Head != Original }

// sameHead says whether c's head has the layers that was's has, but for the
// number of classes. ResNet's own head is linear.
func (c Config) sameHead(was Config) bool {
	shape := func(c Config) string {
		if c.Head == Original && !c.isVGG() {
			return Linear
		}
		return c.Head
	}
	return shape(c) == shape(was) && (c.ImageSize == was.ImageSize || !c.flattens())
}

// forward maps the feature map [N,C,h,w] to logits [N,classes].
func (h *head) forward(s *torch.Scope, x *torch.Tensor, seen func(string, *torch.Tensor)) *torch.Tensor {
	tell := func(name string, y *torch.Tensor) {
		if seen != nil {
			seen(name, y)
		}
	}
	if h.pool > 0 {
		x = s.AdaptiveAvgPool2d(x, h.pool, h.pool)
	}
	// The flattening order is torchvision's: channels outermost.
	x = s.Flatten(s.Contiguous(x), 1)
	tell("avgpool", x)
	last := len(h.layers) - 1
	for i, l := range h.layers {
		x = l.Forward(s, x)
		if i < last {
			x = s.Dropout(s.ReLU(x), h.dropout)
			tell(fmt.Sprintf("%s.%d", h.prefix, 3*i), x)
		}
	}
	tell("logits", x)
	return x
}

// builder makes layers and keeps the first error.
type builder struct {
	st  *torch.Store
	eps float64 // of norms; 0: PyTorch's
	err error
}

func (b *builder) conv(name string, o torch.Conv2dOptions) *torch.Conv2d {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewConv2d(b.st, name, o)
	b.err = err
	return l
}

func (b *builder) norm(name string, channels int) *torch.BatchNorm2d {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewBatchNorm2d(b.st, name, channels)
	if b.err = err; err == nil && b.eps > 0 {
		l.Eps = b.eps
	}
	return l
}

func (b *builder) linear(name string, in, out int, weight, bias torch.Init) *torch.Linear {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewLinear(b.st, name, in, out, weight, bias)
	b.err = err
	return l
}
