package vision

import (
	"context"

	"github.com/gotune/gotune/internal/pixels"
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

// render fills b's pixels.
func (d *Dataset) render(ctx context.Context, b *Batch, epoch int, indices []int) error {
	S := d.opts.Input.Size
	b.Pixels = make([]uint8, len(indices)*3*S*S)
	for i, j := range indices {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := d.at(j)
		m, err := d.decoded(p)
		if err != nil {
			return err
		}
		dst := b.Pixels[i*3*S*S : (i+1)*3*S*S]
		if err := d.vary.Sample(d.opts.Seed, epoch, j).Render(dst, pixels.CHW, S, S, m); err != nil {
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
