package schedule

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// LayerDecay returns the rate's multiplier of each parameter group, ordered
// from bottom to top: 1 for the last, times decay for each group below it.
// A decay in (0,1] gives the lowest layers, which hold the most general
// features, the smallest rates.
// Source: Howard & Ruder 2018, arXiv:1801.06146, section 3.2 (there 1/2.6).
func LayerDecay(groups int, decay float64) []float64 {
	m := make([]float64, max(0, groups))
	for i := range m {
		m[i] = math.Pow(decay, float64(len(m)-1-i))
	}
	return m
}

// ParseLayerDecay reads the text of the flag --layer-decay into a multiplier
// for each of groups, which are ordered from bottom to top.
//
// The text is either one number, for LayerDecay, or a list such as
// "head=1, layer.*=0.5, *=0.01" of names and of patterns as path.Match reads them. A
// group's own name comes before the first pattern that it matches, and * alone after
// all others; a group that nothing matches has 1. The empty text gives 1 throughout. A
// multiplier of 0 keeps a group at its weights without saving its gradients: to save
// them, freeze it.
func ParseLayerDecay(text string, groups []string) ([]float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return LayerDecay(len(groups), 1), nil
	}
	if !strings.Contains(text, "=") {
		decay, err := strconv.ParseFloat(text, 64)
		if err != nil || !(decay > 0 && decay <= 1) {
			return nil, fmt.Errorf("--layer-decay %q: want a number above 0 and at most 1, or group=multiplier, …", text)
		}
		return LayerDecay(len(groups), decay), nil
	}
	var rates []groupRate
	var errs []error
	for item := range strings.SplitSeq(text, ",") {
		name, number, ok := strings.Cut(item, "=")
		r := groupRate{pattern: strings.TrimSpace(name)}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		r.multiplier = v
		switch {
		case !ok || err != nil || !(v >= 0) || math.IsInf(v, 0):
			errs = append(errs, fmt.Errorf("--layer-decay: %q: want group=multiplier, 0 or more", strings.TrimSpace(item)))
		case slices.ContainsFunc(rates, func(o groupRate) bool { return o.pattern == r.pattern }):
			errs = append(errs, fmt.Errorf("--layer-decay: group %q stands there twice", r.pattern))
		case r.pattern != "*" && !slices.ContainsFunc(groups, r.matches):
			errs = append(errs, fmt.Errorf("--layer-decay: no group %q, have %s", r.pattern, strings.Join(groups, ", ")))
		}
		rates = append(rates, r)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// The more a pattern says of a group, the earlier it counts.
	slices.SortStableFunc(rates, func(a, b groupRate) int { return a.breadth() - b.breadth() })
	m := make([]float64, len(groups))
	for i, g := range groups {
		m[i] = 1
		if j := slices.IndexFunc(rates, func(r groupRate) bool { return r.matches(g) }); j >= 0 {
			m[i] = rates[j].multiplier
		}
	}
	return m, nil
}

// groupRate is the multiplier of the groups that match a pattern.
type groupRate struct {
	pattern    string
	multiplier float64
}

func (r groupRate) matches(group string) bool {
	ok, err := path.Match(r.pattern, group)
	return ok && err == nil
}

// breadth is 0 for a name, 1 for a pattern and 2 for * alone.
func (r groupRate) breadth() int {
	switch {
	case r.pattern == "*":
		return 2
	case strings.ContainsAny(r.pattern, `*?[\`):
		return 1
	}
	return 0
}
