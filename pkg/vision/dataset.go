package vision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/gotune/gotune/internal/column"
	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/internal/imageset"
	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/internal/pixels"
)

// DataOptions say how pictures are read.
type DataOptions struct {
	Input      Input    // what the model reads: Config.Input
	Labels     []string // fix the classes and their order
	Split      string   // "train", "val" or "test" of a set that has them; "": all
	Unlabelled bool     // pictures without a class are fine; their label is -1

	// Augment is how training pictures vary: documented, crop, none, or words such
	// as rotate=20,zoom=0.15,flip. "": none, an evaluation. It makes pictures square
	// as Input.Fit does, by which those of an evaluation are.
	Augment string
	Seed    uint64 // of the augmentation
	// Variants is how many augmented pictures are drawn of each picture, in turn by
	// epoch; 0: another one in every epoch.
	Variants int
	// Features keeps what a model's frozen groups make of them, and of pictures
	// that do not vary, if the model has the same cache; nil: they are not kept.
	Features *FeatureCache
	// CacheDir is where decoded pictures are kept for later epochs and runs; "": in
	// memory, for this one.
	CacheDir string
	// CacheBytes bounds them; 0: 8 GiB in a folder, 512 MiB in memory; less: nothing
	// is kept.
	CacheBytes int64
}

// Dataset is pictures by class, and how they become batches. It is safe for use
// by many goroutines.
type Dataset struct {
	sets  []*imageset.Set
	start []int        // of each set, the number of its first picture
	rows  *column.Ints // numbers of pictures, counted through all sets
	opts  DataOptions
	vary  pixels.Augment
	plain bool // vary is an evaluation's
	cache *pixels.Cache

	onDevice *atomic.Bool // batches are drawn by the device that reads them; one for all parts
}

// cache bounds the folder, or the memory where there is none.
func (o DataOptions) cache() pixels.CacheOptions {
	c := pixels.CacheOptions{Dir: o.CacheDir, MaxDisk: o.CacheBytes}
	if c.Dir == "" || o.CacheBytes < 0 {
		c.MaxRAM = o.CacheBytes
	}
	return c
}

// picture is one of a set's.
type picture struct {
	set *imageset.Set
	i   int
}

// OpenDataset opens path: a folder of class folders, or of splits that hold
// such, an archive of either, or a CSV or TSV of paths and labels. Pictures stay
// on disk until they are asked for.
func OpenDataset(path string, o DataOptions) (*Dataset, error) {
	return openAll([]string{path}, o)
}

// OpenPictures opens pictures, and folders of them, of unknown classes.
func OpenPictures(paths []string, o DataOptions) (*Dataset, error) {
	o.Unlabelled = true
	return openAll(paths, o)
}

func openAll(paths []string, o DataOptions) (d *Dataset, err error) {
	d = &Dataset{opts: o, rows: new(column.Ints), onDevice: new(atomic.Bool)}
	if d.vary, err = pixels.ParseAugment(o.Augment); err != nil {
		return nil, err
	}
	if o.Augment == "" {
		d.vary, d.plain = o.Input.plain(), true
	}
	if err := o.checkFit(d.vary); err != nil {
		return nil, err
	}
	if d.cache, err = pixels.OpenCache(o.cache()); err != nil {
		return nil, err
	}
	for _, path := range paths {
		s, err := imageset.Open(path, imageset.Options{Classes: o.Labels, LabelsOptional: o.Unlabelled, Split: o.Split})
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		d.sets, d.start = append(d.sets, s), append(d.start, d.rows.Len())
		for range s.Len() {
			d.rows.Append(d.rows.Len())
		}
	}
	return d, nil
}

// checkFit reports pictures that would have one shape in training and another in an
// evaluation. A random crop has no fit.
func (o DataOptions) checkFit(vary pixels.Augment) error {
	if vary.Crop.ScaleMax > 0 || vary.Fit == o.Input.plain().Fit {
		return nil
	}
	if vary.Fit == pixels.FitStretch {
		return fmt.Errorf("augment %q: it stretches pictures to a square, and Input.Fit, for evaluations, is %q: make that %q, or add fit=crop",
			o.Augment, FitCrop, FitStretch)
	}
	return fmt.Errorf("augment %q: it crops pictures to a square, and Input.Fit, for evaluations, is %q: make that %q, or add fit=stretch",
		o.Augment, FitStretch, FitCrop)
}

// at returns the i-th picture.
func (d *Dataset) at(i int) picture {
	k := d.rows.At(i)
	n := sort.SearchInts(d.start, k+1) - 1
	return picture{d.sets[n], k - d.start[n]}
}

// all yields the pictures in order.
func (d *Dataset) all() iter.Seq[picture] {
	return func(yield func(picture) bool) {
		for i := range d.Len() {
			if !yield(d.at(i)) {
				return
			}
		}
	}
}

// Close closes files and cache. Parts made by Split, Limit and the like share
// them.
func (d *Dataset) Close() error {
	err := d.cache.Close()
	for _, s := range d.sets {
		err = errors.Join(err, s.Close())
	}
	return err
}

// Len returns the number of pictures.
func (d *Dataset) Len() int { return d.rows.Len() }

// Classes returns the labels, in the order of the logits.
func (d *Dataset) Classes() []string {
	if d.opts.Labels != nil || len(d.sets) == 0 {
		return d.opts.Labels
	}
	return d.sets[0].Classes()
}

// Labels returns each picture's class; -1: unknown.
func (d *Dataset) Labels() []int {
	return slices.AppendSeq(make([]int, 0, d.Len()), d.labels())
}

func (d *Dataset) labels() iter.Seq[int] {
	return func(yield func(int) bool) {
		for p := range d.all() {
			if !yield(p.set.Label(p.i)) {
				return
			}
		}
	}
}

// Name returns the file of the i-th picture.
func (d *Dataset) Name(i int) string {
	p := d.at(i)
	return p.set.Where(p.i)
}

// Notes tell what was found and left out: hidden files, files of other kinds,
// pictures beside classes or splits.
func (d *Dataset) Notes() []string {
	var notes []string
	for _, s := range d.sets {
		if r := s.Report(); r.Hidden+r.Other+r.Outside+r.Beside+r.Strange > 0 {
			notes = append(notes, r.String())
		}
	}
	return notes
}

// CheckTrainSplit reports data that comes with splits of which none is to train on.
func (d *Dataset) CheckTrainSplit() error {
	var errs []error
	for _, s := range d.sets {
		errs = append(errs, s.CheckTrainSplit())
	}
	return errors.Join(errs...)
}

// CheckTrainable reports a class without pictures, or one class alone.
func (d *Dataset) CheckTrainable() error {
	count := make([]int, len(d.Classes()))
	for p := range d.all() {
		y := p.set.Label(p.i)
		if y < 0 {
			return fmt.Errorf("%s: no label", p.set.Where(p.i))
		}
		count[y]++
	}
	if len(count) < 2 {
		return fmt.Errorf("%d classes: there is nothing to tell apart", len(count))
	}
	for c, n := range count {
		if n == 0 {
			return fmt.Errorf("class %q has no pictures to train on", d.Classes()[c])
		}
	}
	return nil
}

// Select returns the pictures of these indices, in this order.
func (d *Dataset) Select(indices []int) *Dataset { return d.pick(slices.Values(indices)) }

func (d *Dataset) pick(indices iter.Seq[int]) *Dataset {
	part := *d
	part.rows = new(column.Ints)
	for i := range indices {
		part.rows.Append(d.rows.At(i))
	}
	return &part
}

// where returns the pictures that keep is true for.
func (d *Dataset) where(keep func(i int, p picture) bool) *Dataset {
	return d.pick(func(yield func(int) bool) {
		for i := range d.Len() {
			if keep(i, d.at(i)) && !yield(i) {
				return
			}
		}
	})
}

// Plain returns the same pictures without augmentation, for validation.
func (d *Dataset) Plain() *Dataset {
	part := *d
	part.vary, part.plain = d.opts.Input.plain(), true
	return &part
}

// Split divides the pictures into training and validation, each class in the
// same proportion; those of validation are not augmented. The same seed gives
// the same split.
func (d *Dataset) Split(fraction float64, seed uint64) (training, validation *Dataset, err error) {
	a, b, err := corpus.Split(column.Collect(d.labels()), fraction, seed)
	if err != nil {
		return nil, nil, corpus.NameClass(err, d.Classes())
	}
	return d.pick(a.Values()), d.pick(b.Values()).Plain(), nil
}

// Limit returns n pictures after a seeded shuffle, or all where there are fewer.
func (d *Dataset) Limit(n int, seed uint64) *Dataset {
	return d.Select(corpus.Subsample(d.Len(), n, seed))
}

// Splits returns the parts that the data came with, by "train", "val" and "test", of
// which "train" alone is augmented; none where it is of one piece.
func (d *Dataset) Splits() map[string]*Dataset {
	if len(d.sets) != 1 || len(d.sets[0].Splits()) == 0 {
		return nil
	}
	parts := make(map[string]*Dataset)
	for _, name := range d.sets[0].Splits() {
		part := d.where(func(_ int, p picture) bool { return p.set.Split(p.i) == name })
		if name != "train" {
			part = part.Plain()
		}
		parts[name] = part
	}
	return parts
}

// Fingerprint is a hash of the pictures' names, sizes and classes, in order. It
// reads nothing.
func (d *Dataset) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", d.Classes())
	for p := range d.all() {
		fmt.Fprintf(h, "%q %d %d\n", p.set.ID(p.i), p.set.Source(p.i).Size, p.set.Label(p.i))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Epochs yields the batches of so many passes, each in its own seeded order,
// drawn ahead by a worker per core.
func (d *Dataset) Epochs(ctx context.Context, epochs, batch int, seed uint64) iter.Seq2[*Batch, error] {
	return loader.Epochs[*Batch](ctx, d, epochs, batch, seed)
}
