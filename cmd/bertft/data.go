package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/text"
)

// sets are the training and the validation data of a run.
type sets struct {
	training, validation *text.Dataset // validation may be nil
	opened               []*text.Dataset
	said                 []string
}

// openSets opens DATA and --val. A DATA that comes with splits gives its
// training part, without which it is an error, and its validation part where it has
// one; without any, a fraction is held out.
func openSets(o *options, tok *text.Tokenizer) (s *sets, err error) {
	s = &sets{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	data := o.data(o.MaxLength)
	whole, err := s.open(o.Data, tok, data)
	if err != nil {
		return s, err
	}
	s.training = whole
	splits := whole.Splits()
	if parts := splits["train"]; parts != nil {
		s.training = parts
	} else if len(splits) > 0 {
		return s, cli.Usagef("%s: no train split to train on, but %s; name a part train to train on it",
			o.Data, strings.Join(slices.Sorted(maps.Keys(splits)), ", "))
	}
	if err := s.training.CheckTrainable(); err != nil {
		return s, cli.Usage(err)
	}
	if o.Limit > 0 { // so few may well lack a class
		s.training = s.training.Limit(o.Limit, o.Seed)
	}
	data.Labels = s.training.Classes()
	switch {
	case o.Val != "":
		if s.validation, err = s.open(o.Val, tok, data); err != nil {
			return s, fmt.Errorf("--val: %w", err)
		}
		if v := s.validation.Splits(); v["val"] != nil {
			s.validation = v["val"]
		}
		var note string
		if s.validation, note = cli.Judgeable(s.validation); note != "" {
			s.said = append(s.said, note)
		}
	case splits["val"] != nil:
		s.validation = splits["val"]
	case o.ValFraction > 0:
		if s.training, s.validation, err = s.training.Split(o.ValFraction, o.Seed); err != nil {
			return s, o.SplitFault(err)
		}
	}
	return s, nil
}

func (s *sets) open(path string, tok *text.Tokenizer, o text.DataOptions) (*text.Dataset, error) {
	d, err := text.OpenDataset(path, tok, o)
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, d)
	return d, nil
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
	return append(out, s.said...)
}

// fingerprint covers both sets: either one's change makes another run.
func (s *sets) fingerprint() (string, error) {
	sum, err := s.training.Fingerprint()
	if err != nil || s.validation == nil {
		return sum, err
	}
	val, err := s.validation.Fingerprint()
	return sum + "/" + val, err
}

// sampleOf shows an example of d by its text.
func sampleOf(d *text.Dataset) func(i int) (report.Sample, error) {
	return func(i int) (report.Sample, error) {
		first, second, err := d.Text(i)
		return report.Sample{Text: first, Pair: second}, err
	}
}
