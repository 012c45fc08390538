package main

import (
	"errors"
	"time"

	"github.com/gotune/gotune/pkg/torch"
)

type products struct {
	Threads int
	Rounds  int `default:"20"`
}

// Run times x·w of [4096,384]·[384,1536] by ATen, in float32 and bfloat16, and
// prints the best of the rounds.
func (o *products) Run() (err error) {
	rt, err := torch.Open(torch.Options{Threads: o.Threads})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	best := map[string]float64{}
	for _, t := range []torch.DType{torch.Float32, torch.BFloat16} {
		s := rt.Scope(torch.Mode{})
		x := s.Cast(s.Normal_(s.Zeros(torch.Float32, 4096, 384), 0, 1), t)
		w := s.Cast(s.Normal_(s.Zeros(torch.Float32, 384, 1536), 0, 1), t)
		for range o.Rounds {
			start := time.Now()
			sub := s.Sub(s.Mode())
			sub.MatMul(x, w)
			if err := sub.Close(); err != nil {
				return errors.Join(err, s.Close())
			}
			best[t.String()] = max(best[t.String()], 2*4096*384*1536/time.Since(start).Seconds()/1e9)
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return show(best)
}
