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

// Run times products by ATen, [4096,384]·[384,1536] and [2048,2048]·[2048,2048], in
// float32 and bfloat16, and prints the best GFLOP/s of either.
func (o *products) Run() (err error) {
	rt, err := torch.Open(torch.Options{Threads: o.Threads})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	best := map[string]float64{}
	for _, t := range []torch.DType{torch.Float32, torch.BFloat16} {
		for _, size := range [][3]int{{4096, 384, 1536}, {2048, 2048, 2048}} {
			rate, err := rateOf(rt, t, size, o.Rounds)
			if err != nil {
				return err
			}
			best[t.String()] = max(best[t.String()], rate)
		}
	}
	return show(best)
}

// rateOf returns the best GFLOP/s of the rounds, of [M,K]·[K,N].
func rateOf(rt *torch.Runtime, t torch.DType, size [3]int, rounds int) (best float64, err error) {
	s := rt.Scope(torch.Mode{})
	defer func() { err = errors.Join(err, s.Close()) }()
	m, k, n := size[0], size[1], size[2]
	x := s.Cast(s.Normal_(s.Zeros(torch.Float32, m, k), 0, 1), t)
	w := s.Cast(s.Normal_(s.Zeros(torch.Float32, k, n), 0, 1), t)
	for range rounds {
		start := time.Now()
		sub := s.Sub(s.Mode())
		sub.MatMul(x, w)
		if err := sub.Close(); err != nil {
			return 0, err
		}
		best = max(best, 2*float64(m)*float64(k)*float64(n)/time.Since(start).Seconds()/1e9)
	}
	return best, nil
}
