package metrics

import (
	"errors"
	"fmt"
	"math"
)

// Comparison is of two classifiers on the same examples.
type Comparison struct {
	Examples  int     `json:"examples"`
	AccuracyA float64 `json:"accuracy_a"`
	AccuracyB float64 `json:"accuracy_b"`
	Both      int     `json:"both_right"`
	OnlyA     int     `json:"only_a_right"`
	OnlyB     int     `json:"only_b_right"`
	Neither   int     `json:"neither_right"`
	McNemar   McNemar `json:"mcnemar"`
}

// McNemar is the test of whether two classifiers err equally often, from the
// examples on which they differ in being right.
// Source: McNemar 1947; Edwards 1948 for the continuity correction.
type McNemar struct {
	Statistic float64 `json:"statistic"` // chi-square with one degree of freedom; exact: the smaller count
	P         float64 `json:"p"`         // two-sided
	Exact     bool    `json:"exact"`     // binomial
}

// exactBelow is the number of differing examples up to which the chi-square
// distribution is too rough.
const exactBelow = 25

// McNemarTest tests counts of examples that only the first, and only the
// second, classifier has right.
func McNemarTest(onlyA, onlyB int) (McNemar, error) {
	if min(onlyA, onlyB) < 0 {
		return McNemar{}, fmt.Errorf("metrics: counts of %d and %d differing examples, want 0 or more", onlyA, onlyB)
	}
	n, few := onlyA+onlyB, min(onlyA, onlyB)
	if n < exactBelow {
		// Σ C(n,k)/2ⁿ over k ≤ few, twice; exact in float64 for so few.
		tail, choose := 0.0, 1.0
		for k := 0; k <= few; k++ {
			tail += choose
			choose = choose * float64(n-k) / float64(k+1)
		}
		p := min(1, 2*tail/math.Exp2(float64(n)))
		return McNemar{Statistic: float64(few), P: p, Exact: true}, nil
	}
	d := max(0, math.Abs(float64(onlyA-onlyB))-1)
	x := d * d / float64(n)
	// The chi-square distribution with one degree of freedom is that of the
	// square of a normal variable.
	return McNemar{Statistic: x, P: math.Erfc(math.Sqrt(x / 2))}, nil
}

// Compare compares the predictions of two classifiers on the same examples.
func Compare(labels, a, b []int) (Comparison, error) {
	if len(a) != len(labels) || len(b) != len(labels) {
		return Comparison{}, fmt.Errorf("metrics: predictions of %d and %d examples for %d labels", len(a), len(b), len(labels))
	}
	rightA, rightB := make([]bool, len(labels)), make([]bool, len(labels))
	for i, y := range labels {
		rightA[i], rightB[i] = a[i] == y, b[i] == y
	}
	return CompareRight(rightA, rightB)
}

// CompareRight compares two classifiers by which examples each has right.
func CompareRight(a, b []bool) (Comparison, error) {
	if len(a) != len(b) {
		return Comparison{}, fmt.Errorf("metrics: answers to %d examples, and to %d", len(a), len(b))
	}
	if len(a) == 0 {
		return Comparison{}, errors.New("metrics: no examples to compare on")
	}
	c := Comparison{Examples: len(a)}
	for i := range a {
		switch {
		case a[i] && b[i]:
			c.Both++
		case a[i]:
			c.OnlyA++
		case b[i]:
			c.OnlyB++
		default:
			c.Neither++
		}
	}
	c.AccuracyA, c.AccuracyB = ratio(c.Both+c.OnlyA, c.Examples), ratio(c.Both+c.OnlyB, c.Examples)
	var err error
	c.McNemar, err = McNemarTest(c.OnlyA, c.OnlyB)
	return c, err
}
