// Package plural counts things in words: 1 step, 2 steps.
package plural

import (
	"fmt"
	"strings"
)

// Of is "1 step" or "2 steps"; units is the plural.
func Of(n int, units string) string { return fmt.Sprintf("%d %s", n, Unit(n, units)) }

// Unit is the word alone.
func Unit(n int, units string) string {
	if n != 1 {
		return units
	}
	for _, ending := range []string{"tches", "nches", "shes", "sses", "xes"} { // but caches
		if strings.HasSuffix(units, ending) {
			return strings.TrimSuffix(units, "es")
		}
	}
	return strings.TrimSuffix(units, "s")
}
