package report

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A series of any length keeps the mean and the ends of its values, in buckets
// that follow on one another.
func TestSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 5000).Draw(t, "steps")
		gap := rapid.IntRange(1, 3).Draw(t, "gap")
		var s Series
		n, sum, lo, hi := 0, 0.0, math.Inf(1), math.Inf(-1)
		for step := 1; step <= steps; step += gap {
			v := math.Sin(float64(step)) + float64(step)/1000
			s.add(step, v)
			n++
			sum, lo, hi = sum+v, min(lo, v), max(hi, v)
		}
		if len(s.Points) > maxBuckets {
			t.Fatalf("%d buckets, want %d at most", len(s.Points), maxBuckets)
		}
		gotN, gotSum, gotLo, gotHi, next := 0, 0.0, math.Inf(1), math.Inf(-1), 1
		for _, b := range s.Points {
			if b.From != next || b.To != b.From+s.Width-1 {
				t.Fatalf("bucket of steps %d to %d, want it to begin at %d and hold %d", b.From, b.To, next, s.Width)
			}
			next = b.To + 1
			if b.N == 0 {
				continue
			}
			gotN, gotSum = gotN+b.N, gotSum+b.Mean*float64(b.N)
			gotLo, gotHi = min(gotLo, b.Min), max(gotHi, b.Max)
		}
		if gotN != n || gotLo != lo || gotHi != hi || math.Abs(gotSum-sum) > 1e-9*float64(n) {
			t.Errorf("%d values from %g to %g with the sum %g, want %d from %g to %g, %g", gotN, gotLo, gotHi, gotSum, n, lo, hi, sum)
		}
	})
}

// What is smooth stays so, and does not trail behind.
func TestSmooth(t *testing.T) {
	var s Series
	for step := 1; step <= 400; step++ {
		s.add(step, float64(step))
	}
	for i, p := range s.Smooth() {
		// The mean of what was before would be 10 steps behind.
		if i > 80 && i < 320 && math.Abs(p.Y-p.X) > 1 {
			t.Fatalf("at step %g of a straight line: %g", p.X, p.Y)
		}
	}
}

// An edge's own step counts no more than the others around it: a single high one does
// not lift the end of the curve half of the way.
func TestSmoothAtTheEnds(t *testing.T) {
	const n = 100
	var s Series
	for step := 1; step <= n; step++ {
		v := 1.0
		if step == 1 || step == n {
			v = 2
		}
		s.add(step, v)
	}
	got := s.Smooth()
	for _, p := range []XY{got[0], got[n-1]} {
		if p.Y > 1.3 {
			t.Errorf("at step %g: %g, after a single step of 2 beside others of 1", p.X, p.Y)
		}
	}
	if got[n/2].Y > 1+1e-6 {
		t.Errorf("in the middle: %g", got[n/2].Y)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{number(0), "0"},
		{number(0.69314718), "0.6931"},
		{number(12), "12"},
		{number(1.5e-7), "1.5e-7"},
		{number(-123456), "-1.23e5"},
		{rate(5e-5), "5e-5"},
		{rate(0), "0"},
		{rate(2.449e-10), "2.4e-10"},
		{rate(1), "1"},
		{rate(1e10), "1e10"},
		{count(999), "999"},
		{count(1234567), "1\u202f234\u202f567"},
		{count(-1000), "-1\u202f000"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// An axis covers its values with a few round numbers.
func TestAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		span := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-9, 1e7)).Draw(t, "span")
		a := axis{lo: lo, hi: lo + span}
		from, to, ticks := a.nice()
		slack := 1e-6 * max(math.Abs(lo), span)
		if from > lo+slack || to < lo+span-slack || !(to > from) {
			t.Fatalf("axis %g to %g of values %g to %g", from, to, lo, lo+span)
		}
		if len(ticks) < 2 || len(ticks) > 8 {
			t.Errorf("%d labels: %v", len(ticks), ticks)
		}
	})
	a := axis{lo: 3e-7, hi: 2e-4, log: true}
	from, to, ticks := a.nice()
	if from > 3e-7 || to < 2e-4 || len(ticks) != 5 {
		t.Errorf("logarithmic axis %g to %g: %v", from, to, ticks)
	}
}
