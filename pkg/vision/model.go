package vision

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// Model is an image classifier: a convolutional trunk and a head on it, with
// torchvision's parameter names.
type Model struct {
	Config Config

	store  *torch.Store
	trunk  trunk
	head   *head
	groups []string      // bottom to top
	cache  *FeatureCache // or nil
	hashed weightsHash
	atOnce int // numbers that a layer makes at a time where no gradient is asked
}

// trunk maps images to a feature map.
type trunk interface {
	// forward runs the groups from ≤ g < to; all of them map [N,3,S,S] to
	// [N,C,h,w]. It calls seen, if not nil, with each named layer's output.
	forward(s *torch.Scope, x *torch.Tensor, from, to int, seen func(name string, y *torch.Tensor)) *torch.Tensor
	channels() int
	// widest returns how many numbers the largest layer makes of a picture of S×S.
	widest(S int) int
	// group returns the freezing group of a parameter.
	group(param string) string
	groups() []string // bottom to top, without the head
}

// The heads that stand on a trunk.
const (
	Documented = "documented" // flatten → 256 ReLU → 128 ReLU → classes
	Linear     = "linear"     // (pool or flatten) → classes
	Original   = "original"   // torchvision's: VGG's 4096 → 4096 → classes, ResNet's linear
)

// Architectures lists the names that Config.Architecture takes.
func Architectures() []string {
	names := slices.Collect(maps.Keys(vggLayers))
	for _, n := range slices.Clone(names) {
		names = append(names, n+"_bn")
	}
	names = append(names, slices.Collect(maps.Keys(resnets))...)
	slices.Sort(names)
	return names
}

func known(arch string) bool { return slices.Contains(Architectures(), arch) }

// New returns a model whose parameters come from weights where it has them and
// are drawn as torchvision does where it has not. weights may be nil. Close it
// when done.
func New(rt *torch.Runtime, cfg Config, weights *torch.WeightFile) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	st := rt.NewStore()
	if weights != nil {
		st.Close()
		st = rt.NewStoreFrom(weights.Source())
	}
	m := &Model{Config: cfg, store: st, atOnce: atOnceThrough}
	b := &builder{st: st, eps: cfg.NormEps}
	if layers, ok := resnets[cfg.Architecture]; ok {
		m.trunk = b.resnet(layers, cfg.StrideIn1x1)
	} else {
		m.trunk = b.vgg(strings.TrimSuffix(cfg.Architecture, "_bn"), strings.HasSuffix(cfg.Architecture, "_bn"))
	}
	m.head = b.head(cfg, m.trunk)
	if b.err != nil {
		st.Close()
		return nil, b.err
	}
	m.groups = append(m.trunk.groups(), "head")
	return m, nil
}

// Store returns the model's parameters and running statistics, in torchvision's
// order.
func (m *Model) Store() *torch.Store { return m.store }

// Classes returns the labels in the order of the logits.
func (m *Model) Classes() []string { return m.Config.Labels }

// Close frees the parameters.
func (m *Model) Close() { m.store.Close() }

// Groups returns the freezing groups from bottom to top: blocks or stages, then
// "head".
func (m *Model) Groups() []string { return m.groups }

// Group returns the group that a parameter belongs to.
func (m *Model) Group(param string) string {
	if m.head.owns(param) {
		return "head"
	}
	return m.trunk.group(param)
}

// Logits returns unnormalised class scores [N,C], owned by s.
//
// x is [N,3,S,S], normalised as m.Config says. A wrong shape is recorded in s.Err,
// and, on a CPU, pixels that are not finite.
func (m *Model) Logits(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return m.above(s, m.input(s, x), 0)
}

// above runs the trunk's groups from that one on, and the head.
func (m *Model) above(s *torch.Scope, x *torch.Tensor, from int) *torch.Tensor {
	return m.head.forward(s, m.run(s, x, from, len(m.groups)-1), nil)
}

// Forward is Logits for a batch on the host. With a feature cache, groups that
// are frozen are computed once for each picture that comes again.
func (m *Model) Forward(s *torch.Scope, b *Batch) *torch.Tensor {
	if m.cache != nil && b.cacheable() {
		prefix := m.frozenPrefix()
		if prefix > 0 {
			return m.above(s, m.features(s, b, prefix), prefix)
		}
		m.cache.is("") // workers draw what will be looked at
	}
	x, _ := b.Tensors(s)
	return m.Logits(s, x)
}

// Pooling is how a layer's output [N,C,h,w] becomes a row for each picture.
type Pooling string

// Poolings.
const (
	Flat    Pooling = "none" // all of it, [N,C·h·w]
	Average Pooling = "mean" // each channel's mean over the picture, [N,C]
	Maximum Pooling = "max"  // each channel's greatest value, [N,C]
)

// Features returns the output of the layer of that name as rows [N,F]: "avgpool" is
// the usual one. VGG's layers have Keras' names and torchvision's, ResNet's
// torchvision's: "relu" is what follows conv1 and bn1. An unknown name is an error
// that lists the names. A layer of the head is rows whatever the pooling.
func (m *Model) Features(s *torch.Scope, x *torch.Tensor, layer string, pool Pooling) (*torch.Tensor, error) {
	var found *torch.Tensor
	var names []string
	seen := func(name string, y *torch.Tensor) {
		names = append(names, name)
		if name == layer {
			found = y
		}
	}
	m.head.forward(s, m.trunk.forward(s, m.input(s, x), 0, len(m.groups)-1, seen), seen)
	if found == nil {
		return nil, fmt.Errorf("layer %q: want one of %s", layer, strings.Join(names, ", "))
	}
	if len(found.Shape()) == 2 {
		return found, s.Err()
	}
	switch pool {
	case Flat:
		found = s.Flatten(s.Contiguous(found), 1)
	case Average:
		found = s.MeanDims(found, 2, 3)
	case Maximum:
		found = s.Flatten(s.MaxPool2d(found, found.Shape()[2], 1, 0), 1) // as high as it is wide
	default:
		return nil, fmt.Errorf("pooling %q: want none, mean or max", pool)
	}
	return found, s.Err()
}

// input checks x and lays the channels innermost, the layout in which convolutions
// run fastest. The fused ReLU of CPUs makes 0 of NaN, so it is looked for here.
func (m *Model) input(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	shape := x.Shape()
	S := m.Config.ImageSize
	if len(shape) != 4 || shape[1] != 3 || shape[2] != S || shape[3] != S {
		s.Fail(fmt.Errorf("images: shape %s, want [N,3,%d,%d]", torch.ShapeString(shape), S, S))
		return x
	}
	if !s.Runtime().Device().IsCUDA() {
		if sum := s.Float(s.Sum(x)); math.IsNaN(sum) || math.IsInf(sum, 0) {
			s.Fail(fmt.Errorf("images: not all pixels are finite: their sum is %g", sum))
			return x
		}
	}
	return s.ChannelsLast(x)
}
