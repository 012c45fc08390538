package vision

import (
	"context"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// Batch draws the pictures of these indices. What varies is a function of seed,
// epoch and index alone; with DataOptions.Variants, of the epoch modulo that.
func (d *Dataset) Batch(ctx context.Context, epoch int, indices []int) (*Batch, error) {
	b := &Batch{
		N: len(indices), Input: d.opts.Input, Epoch: epoch,
		Labels: make([]int64, len(indices)), Names: make([]string, len(indices)),
	}
	for i, j := range indices {
		p := d.at(j)
		b.Labels[i], b.Names[i] = int64(p.set.Label(p.i)), p.set.Where(p.i)
	}
	variant := epoch
	if k := d.variants(); k > 0 {
		variant = epoch % k
	}
	if b.kept = d.keptFeatures(variant, indices); b.kept != nil && b.kept.all() {
		b.draw = func() error { return d.render(context.Background(), b, variant, indices) }
		return b, nil
	}
	return b, d.render(ctx, b, variant, indices)
}

// DrawOn says which device reads the batches of d, and of all sets that are parts
// of the same pictures. For a GPU they hold the decoded pictures, and what was
// drawn of how each varies: Batch.Tensors copies them there, and the device draws
// them, to the same bytes. A CPU, as without DrawOn, finds them drawn by Batch.
func (d *Dataset) DrawOn(device torch.Device) { d.onDevice.Store(device.IsCUDA()) }

// ExampleBytes is about what a picture takes in a batch: where the device draws it,
// what a photograph of 3:2 takes that it sees all of.
func (d *Dataset) ExampleBytes() int64 {
	if side := int64(d.opts.Input.ShortSide); d.onDevice.Load() {
		return 3 * side * side * 3 / 2
	}
	side := int64(d.opts.Input.Size)
	return 3 * side * side
}

// render fills b's pixels, or with what the device makes them of.
func (d *Dataset) render(ctx context.Context, b *Batch, epoch int, indices []int) error {
	S := d.opts.Input.Size
	if d.onDevice.Load() {
		b.sources = newSources(len(indices), d.opts.Input, d.vary.Fill)
	} else {
		b.Pixels = make([]uint8, len(indices)*3*S*S)
	}
	for i, j := range indices {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := d.at(j)
		m, err := d.decoded(p)
		if err != nil {
			return err
		}
		params := d.vary.Sample(d.opts.Seed, epoch, j)
		if b.sources != nil {
			err = b.sources.add(params, m)
		} else {
			err = params.Render(b.Pixels[i*3*S*S:(i+1)*3*S*S], pixels.CHW, S, S, m)
		}
		if err != nil {
			return &pixels.Error{Name: p.set.Where(p.i), Err: err}
		}
	}
	return nil
}

// decoded returns a picture at the short side, from the cache where that has it.
func (d *Dataset) decoded(p picture) (*pixels.Image, error) {
	side := d.opts.Input.ShortSide
	src := p.set.Source(p.i)
	key := pixels.NewKey(src.Path, src.Size, src.Changed, side, pixels.DecodeOptions{})
	return d.cache.Load(key, func() (*pixels.Image, error) {
		data, err := p.set.Read(p.i)
		if err != nil {
			return nil, err
		}
		return pixels.DecodeShort(p.set.Where(p.i), data, side, pixels.DecodeOptions{})
	})
}
