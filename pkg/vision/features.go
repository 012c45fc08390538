package vision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// keptFeatures says which features of which set a batch's pictures have.
type keptFeatures struct {
	cache  *FeatureCache
	source string // hash of the set and of how its pictures vary
	slots  []int  // of the pictures
	of     int    // slots of the set
}

// variants is how many pictures are drawn of each; 0: no end of them.
func (d *Dataset) variants() int {
	if d.plain {
		return 1
	}
	return d.opts.Variants
}

func (d *Dataset) keptFeatures(variant int, indices []int) *keptFeatures {
	k := d.variants()
	if d.opts.Features == nil || k == 0 {
		return nil
	}
	out := &keptFeatures{cache: d.opts.Features, source: d.opts.Features.source(d), of: k * d.Len()}
	for _, j := range indices {
		out.slots = append(out.slots, variant*d.Len()+j)
	}
	return out
}

// recipe is how pictures are decoded and drawn.
func (d *Dataset) recipe() string {
	return fmt.Sprintf("decoder %d, drawing %d, %+v %+v %d %d", pixels.DecoderVersion, pixels.DrawVersion, d.opts.Input, d.vary, d.opts.Seed, d.variants())
}

// describe is a hash of all that decides which pixels Batch gives.
func (d *Dataset) describe() string {
	h := sha256.New()
	fmt.Fprintln(h, d.recipe())
	for p := range d.all() {
		src := p.set.Source(p.i)
		fmt.Fprintf(h, "%q %q %d %d\n", p.set.ID(p.i), src.Path, src.Size, src.Changed.UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// all says whether the features of every picture are there, as the model last
// was.
func (k *keptFeatures) all() bool {
	f := k.cache.now(k.source)
	return f != nil && !slices.ContainsFunc(k.slots, func(slot int) bool { return !f.has(slot) })
}

// cacheable says whether the network sees the pictures as they were drawn.
func (b *Batch) cacheable() bool { return b.kept != nil && !b.mix.on }

// UseFeatures makes Forward look in c for what the frozen groups make of a batch
// whose data set has the same cache, and keep it there; nil: no longer. With a
// cache the model is for one goroutine at a time.
func (m *Model) UseFeatures(c *FeatureCache) { m.cache = c }

// frozenPrefix returns how many of the trunk's groups from the bottom do not
// train.
func (m *Model) frozenPrefix() int {
	prefix := len(m.groups) - 1
	for _, p := range m.store.Parameters() {
		if p.Trainable() {
			prefix = min(prefix, slices.Index(m.groups, m.Group(p.Name)))
		}
	}
	return prefix
}

// weightsHash is a hash of a prefix's weights, and what they were when it was
// taken.
type weightsHash struct {
	prefix int
	states []torch.State
	sum    string
}

// hash returns a hash of the weights and statistics of so many groups. It reads
// them again only when one was written to.
func (m *Model) hash(prefix int) (string, error) {
	var below []*torch.Parameter
	now := weightsHash{prefix: prefix}
	for _, p := range m.store.All() {
		if slices.Index(m.groups, m.Group(p.Name)) >= prefix {
			continue
		}
		state, err := p.State()
		if err != nil {
			return "", err
		}
		below, now.states = append(below, p), append(now.states, state)
	}
	if m.hashed.prefix == prefix && slices.Equal(m.hashed.states, now.states) {
		return m.hashed.sum, nil
	}
	h := sha256.New()
	for _, p := range below {
		data, err := torch.CopyBytes(p.T)
		if err != nil {
			return "", fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		fmt.Fprintf(h, "%q %s\n", p.Name, p.T)
		h.Write(data)
	}
	now.sum = hex.EncodeToString(h.Sum(nil))
	m.hashed = now
	return now.sum, nil
}

// kernelVersion belongs into the key of whatever is kept of what a network computes.
// Raise it whenever the convolutions, norms or pooling of pkg/torch, or the order in
// which this package applies them, may give other numbers for the same weights.
const kernelVersion = 1

// network is all that decides, beside the pictures, what the first groups make of
// them. weights is their hash.
func (m *Model) network(s *torch.Scope, weights string, prefix int) string {
	mode := s.Mode().Autocast
	if mode == 0 {
		mode = torch.Float32
	}
	return fmt.Sprintf("%s %s %d %g %t %s %s %s, kernels %d", weights, m.Config.Architecture, prefix, m.Config.NormEps,
		m.Config.StrideIn1x1, mode, s.Runtime().Device(), torch.Version(), kernelVersion)
}

// features returns what the first groups make of b, [N,C,h,w].
func (m *Model) features(s *torch.Scope, b *Batch, prefix int) *torch.Tensor {
	weights, err := m.hash(prefix)
	if err != nil {
		s.Fail(err)
		return &torch.Tensor{}
	}
	m.cache.is(m.network(s, weights, prefix))
	f := m.cache.open(b.kept, nil)
	if f != nil {
		data, ok := f.read(b.kept.slots)
		if ok {
			y := s.FromBytes(data, f.dtype, append([]int{b.N}, f.shape...)...)
			return s.Permute(y, 0, 3, 1, 2)
		}
	}
	y := s.Block(func(s *torch.Scope) *torch.Tensor {
		x, _ := b.Tensors(s)
		return m.run(s, m.input(s, x), 0, prefix)
	})
	if s.Err() != nil {
		return y
	}
	// Channels are innermost already: nothing is moved.
	flat := s.Contiguous(s.Permute(y, 0, 2, 3, 1))
	data, err := torch.CopyBytes(flat)
	if err != nil {
		s.Fail(err)
		return y
	}
	if f = m.cache.open(b.kept, flat); f != nil {
		f.write(b.kept.slots, data)
	}
	return y
}
