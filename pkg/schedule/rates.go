package schedule

import (
	"errors"
	"fmt"
	"math"
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
// "head=1, block5=0.1, *=0.01", where * stands for all groups not named; without
// it they have 1. The empty text gives 1 throughout. A multiplier of 0 keeps a
// group at its weights without saving its gradients: to save them, freeze it.
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
	rest := 1.0
	byGroup := map[string]float64{}
	var errs []error
	for item := range strings.SplitSeq(text, ",") {
		name, number, ok := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		_, twice := byGroup[name]
		switch {
		case !ok || err != nil || !(v >= 0) || math.IsInf(v, 0):
			errs = append(errs, fmt.Errorf("--layer-decay: %q: want group=multiplier, 0 or more", strings.TrimSpace(item)))
		case twice:
			errs = append(errs, fmt.Errorf("--layer-decay: group %q stands there twice", name))
		case name != "*" && !slices.Contains(groups, name):
			errs = append(errs, fmt.Errorf("--layer-decay: no group %q, have %s", name, strings.Join(groups, ", ")))
		case name == "*":
			rest = v
		}
		byGroup[name] = v
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m := make([]float64, len(groups))
	for i, g := range groups {
		v, ok := byGroup[g]
		if !ok {
			v = rest
		}
		m[i] = v
	}
	return m, nil
}
