package main

import (
	"context"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/vision"
)

// skipped are the pictures that could not be read.
type skipped []vision.BadPicture

// list names them at the end of a command, where they are seen.
func (s skipped) list(env *cli.Env) {
	if len(s) == 0 {
		return
	}
	fmt.Fprintf(env.Stderr, "skipped  %d pictures that cannot be read:\n", len(s))
	for _, b := range s {
		fmt.Fprintf(env.Stderr, "         %v\n", b.Err)
	}
}

// good returns the pictures that can be read, and the others; with --on-bad fail
// there must be none of those.
func (f pictureFlags) good(ctx context.Context, env *cli.Env, d *vision.Dataset, workers int) (*vision.Dataset, skipped, error) {
	good, bad, err := d.Good(ctx, workers)
	if err != nil {
		return nil, nil, err
	}
	if len(bad) > 0 && f.OnBad == "fail" {
		return nil, nil, cli.Usagef("%w (%d pictures cannot be read; --on-bad skip goes on without them)", bad[0].Err, len(bad))
	}
	if good.Len() == 0 {
		skipped(bad).list(env)
		return nil, nil, cli.Usagef("no picture can be read")
	}
	return good, bad, nil
}

// sets are the training and the validation data of a run.
type sets struct {
	training, validation *vision.Dataset // validation may be nil
	opened               []*vision.Dataset
	skipped              skipped
}

// openSets opens DATA and --val. A DATA that comes with splits gives its
// training part, and its validation part where it has one; without any, a
// fraction is held out.
func openSets(ctx context.Context, env *cli.Env, o *options, in vision.Input) (s *sets, err error) {
	s = &sets{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	data := vision.DataOptions{Input: in, Augment: o.Augment, Seed: o.Seed, CacheDir: cacheDir()}
	whole, err := s.open(ctx, env, o, o.Data, data)
	if err != nil {
		return s, err
	}
	s.training = whole
	splits := whole.Splits()
	if parts := splits["train"]; parts != nil {
		s.training = parts
	}
	if err := s.training.CheckTrainable(); err != nil {
		return s, cli.Usage(err)
	}
	if o.Limit > 0 {
		s.training = s.training.Limit(o.Limit, o.Seed)
	}
	data.Labels = s.training.Classes()
	switch {
	case o.Val != "":
		if s.validation, err = s.open(ctx, env, o, o.Val, data); err != nil {
			return s, fmt.Errorf("--val: %w", err)
		}
		if v := s.validation.Splits(); v["val"] != nil {
			s.validation = v["val"]
		}
		s.validation = s.validation.Plain()
	case splits["val"] != nil:
		s.validation = splits["val"].Plain()
	case o.ValFraction > 0:
		if s.training, s.validation, err = s.training.Split(o.ValFraction, o.Seed); err != nil {
			return s, cli.Usage(fmt.Errorf("--val-fraction: %w", err))
		}
	}
	return s, nil
}

func (s *sets) open(ctx context.Context, env *cli.Env, o *options, path string, data vision.DataOptions) (*vision.Dataset, error) {
	d, err := vision.OpenDataset(path, data)
	if err != nil {
		return nil, cli.Usage(err)
	}
	s.opened = append(s.opened, d)
	d, bad, err := o.good(ctx, env, d, o.WorkerCount())
	s.skipped = append(s.skipped, bad...)
	return d, err
}

func (s *sets) close() {
	for _, d := range s.opened {
		_ = d.Close() // only read from
	}
}

func (s *sets) notes() []string {
	var out []string
	for _, d := range s.opened {
		out = append(out, d.Notes()...)
	}
	if n := len(s.skipped); n > 0 {
		out = append(out, fmt.Sprintf("%d pictures that cannot be read are skipped; the first: %v", n, s.skipped[0].Err))
	}
	return out
}

// fingerprint covers both sets: either one's change makes another run.
func (s *sets) fingerprint() string {
	sum := s.training.Fingerprint()
	if s.validation != nil {
		sum += "/" + s.validation.Fingerprint()
	}
	return sum
}
