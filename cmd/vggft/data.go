package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/vision"
)

// skipped are the pictures that could not be read.
type skipped []vision.BadPicture

// list names them at the end of a command, where they are seen.
func (s skipped) list(env *cli.Env) {
	if len(s) == 0 {
		return
	}
	fmt.Fprintf(env.Stderr, "skipped  %s that cannot be read:\n", plural.Of(len(s), "pictures"))
	for _, b := range s {
		fmt.Fprintf(env.Stderr, "         %v\n", b.Err)
	}
}

// good returns the pictures that can be read, and the others; with --on-bad fail
// there must be none of those.
func (f pictureFlags) good(ctx context.Context, env *cli.Env, d *vision.Dataset, workers int) (*vision.Dataset, vision.ReadReport, error) {
	show, done := env.Counter("reading pictures")
	good, r, err := d.Good(ctx, vision.ReadOptions{Workers: workers, Observe: show})
	done()
	if err != nil {
		return nil, r, err
	}
	if len(r.Bad) > 0 && f.OnBad == "fail" {
		return nil, r, cli.Usagef("%w (%s cannot be read; --on-bad skip goes on without)", r.Bad[0].Err, plural.Of(len(r.Bad), "pictures"))
	}
	if good.Len() == 0 {
		skipped(r.Bad).list(env)
		return nil, r, cli.Usagef("no picture can be read")
	}
	return good, r, nil
}

// sets are the training and the validation data of a run.
type sets struct {
	training, validation *vision.Dataset // validation may be nil
	opened               []*vision.Dataset
	skipped              skipped
	said                 []string
	cacheDir             string               // of decoded pictures; "": memory
	features             *vision.FeatureCache // or nil
	pictures, cached     int                  // those that can be read, and of them those that were in the cache
}

// openSets opens DATA and --val. A DATA that comes with splits gives its
// training part, and its validation part where it has one; without any, a
// fraction is held out.
func openSets(ctx context.Context, env *cli.Env, o *options, in vision.Input) (s *sets, err error) {
	s = &sets{}
	defer func() {
		if err != nil {
			s.skipped.list(env) // they may be why
			s.close()
		}
	}()
	data := vision.DataOptions{Input: in, Augment: o.Augment, Seed: o.Seed}
	note, err := o.apply(&data)
	if err != nil {
		return s, err
	}
	if note != "" {
		if o.Variants > 0 {
			note += "; features of frozen layers are not kept"
		}
		s.said = append(s.said, note)
	}
	data.Variants, s.cacheDir = o.Variants, data.CacheDir
	if o.Variants > 0 && data.CacheDir != "" {
		if s.features, err = vision.OpenFeatureCache(filepath.Join(data.CacheDir, "features"), data.CacheBytes); err != nil {
			s.said = append(s.said, fmt.Sprintf("features of frozen layers are not kept: %v", err))
		}
		data.Features = s.features
	}
	whole, err := s.open(o.Data, data)
	if err != nil {
		return s, err
	}
	splits := whole.Splits()
	if s.training, err = trainable(whole, splits); err != nil {
		return s, cli.Usage(err)
	}
	if o.Limit > 0 {
		s.training = s.training.Limit(o.Limit, o.Seed)
	}
	if s.training, err = s.read(ctx, env, o, s.training); err != nil {
		return s, err
	}
	if o.Limit == 0 { // so few may well lack a class
		if err := s.training.CheckTrainable(); err != nil {
			return s, cli.Usage(err)
		}
	}
	data.Labels = s.training.Classes()
	switch {
	case o.Val != "":
		if err := s.validateOn(ctx, env, o, data); err != nil {
			return s, fmt.Errorf("--val: %w", err)
		}
	case splits["val"] != nil:
		if s.validation, err = s.read(ctx, env, o, splits["val"]); err != nil {
			return s, err
		}
	case o.ValFraction > 0:
		if s.training, s.validation, err = s.training.Split(o.ValFraction, o.Seed); err != nil {
			return s, o.SplitFault(err)
		}
	}
	return s, nil
}

// trainable returns the part of the data that is to train on.
func trainable(whole *vision.Dataset, splits map[string]*vision.Dataset) (*vision.Dataset, error) {
	if err := whole.CheckTrainSplit(); err != nil {
		return nil, err
	}
	if part := splits["train"]; part != nil {
		whole = part
	}
	return whole, whole.CheckTrainable()
}

// validateOn opens --val: its validation split, or all of it.
func (s *sets) validateOn(ctx context.Context, env *cli.Env, o *options, data vision.DataOptions) error {
	d, err := s.open(o.Val, data)
	if err != nil {
		return err
	}
	if part := d.Splits()["val"]; part != nil {
		d = part
	}
	d, note := cli.Judgeable(d)
	if note != "" {
		s.said = append(s.said, note)
	}
	s.validation, err = s.read(ctx, env, o, d.Plain())
	return err
}

// open opens a data set, of which nothing is read yet.
func (s *sets) open(path string, data vision.DataOptions) (*vision.Dataset, error) {
	d, err := vision.OpenDataset(path, data)
	if err != nil {
		return nil, cli.Usage(err)
	}
	s.opened = append(s.opened, d)
	return d, nil
}

// read reads the pictures of d and returns those that can be read.
func (s *sets) read(ctx context.Context, env *cli.Env, o *options, d *vision.Dataset) (*vision.Dataset, error) {
	d, r, err := o.good(ctx, env, d, o.WorkerCount())
	if err != nil {
		return nil, err
	}
	s.skipped = append(s.skipped, r.Bad...)
	s.pictures, s.cached = s.pictures+d.Len(), s.cached+r.Cached
	if r.CacheErr != nil {
		if line := fmt.Sprintf("%s keeps no more decoded pictures: %v", s.cacheDir, r.CacheErr); !slices.Contains(s.said, line) {
			s.said = append(s.said, line)
		}
	}
	return d, nil
}

func (s *sets) close() {
	if s.features != nil {
		_ = s.features.Close() // all that it holds can be made again
	}
	for _, d := range s.opened {
		_ = d.Close() // only read from
	}
}

// warn tells that features were not kept, which costs time and changes no result.
func (s *sets) warn(env *cli.Env) {
	if s.features == nil {
		return
	}
	err := s.features.Err()
	if full, ok := errors.AsType[*vision.NoRoomError](err); ok {
		err = fmt.Errorf("they need %s, --cache-size allows %s", humanize.IBytes(uint64(full.Need)), humanize.IBytes(uint64(full.Limit)))
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "warning: features of frozen layers were computed anew: %v\n", err)
	}
}

func (s *sets) notes() []string {
	var out []string
	for _, d := range s.opened {
		out = append(out, d.Notes()...)
	}
	if n := len(s.skipped); n > 0 {
		out = append(out, fmt.Sprintf("%s that cannot be read are skipped; the first: %v", plural.Of(n, "pictures"), s.skipped[0].Err))
	}
	return out
}

// asides tell of the cache: they are of this start, and not of the data.
func (s *sets) asides() []string {
	var out []string
	if s.cached > 0 {
		out = append(out, fmt.Sprintf("%d of %d pictures were decoded by an earlier run", s.cached, s.pictures))
	}
	return append(out, s.said...)
}

// fingerprint covers both sets: either one's change makes another run.
func (s *sets) fingerprint() string {
	sum := s.training.Fingerprint()
	if s.validation != nil {
		sum += "/" + s.validation.Fingerprint()
	}
	return sum
}

// sampleOf shows an example of d as a small picture.
func sampleOf(d *vision.Dataset) func(i int) (report.Sample, error) {
	const side = 240 // pixels
	return func(i int) (report.Sample, error) {
		data, err := d.Thumbnail(i, side)
		return report.Sample{Image: data}, err
	}
}
