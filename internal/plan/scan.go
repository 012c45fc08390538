// Package plan foretells a run: what its data is like, what it needs of memory
// and time, and what of it usually goes wrong. It is arithmetic on what a scan
// and a few trial steps measured; the measuring is others'.
package plan

import (
	"cmp"
	"slices"
)

// Hash identifies what an example says or shows, whatever its file is named.
type Hash [16]byte

// Set is what a scan read of one set of examples.
type Set struct {
	Labels []int              // class of each
	Sizes  []int              // tokens before truncation, or the shorter side in pixels
	Hashes []Hash             // of the content
	Name   func(i int) string // names an example
}

// Scan is what was read of a run's data.
type Scan struct {
	Unit    string // "sequences", "images"
	What    string // of sizes: "tokens", "pixels"
	Classes []string
	// Limit is the length that texts are truncated at, or the side of the
	// network's input.
	Limit                int
	Training, Validation Set
	Bad                  []BadFile
	Decoded              int64 // bytes of the decoded pictures, all of them
	Held                 int64 // of them, those in this process's memory now
}

// BadFile is one that cannot be read, and why.
type BadFile struct {
	Name  string `json:"name"`
	Error string `json:"error"` // names the file too
}

// Data describes a run's data.
type Data struct {
	Unit       string       `json:"unit"`
	Training   int          `json:"training"`
	Validation int          `json:"validation"`
	Classes    []ClassCount `json:"classes"`
	Sizes      Sizes        `json:"sizes"` // of the training examples
	Duplicates Duplicates   `json:"duplicates"`
	Bad        []BadFile    `json:"bad"`
}

// ClassCount is a class and its examples.
type ClassCount struct {
	Name       string `json:"name"`
	Training   int    `json:"training"`
	Validation int    `json:"validation"`
}

// Sizes are the quantiles of the examples' sizes and how they meet the limit.
type Sizes struct {
	What      string  `json:"what"` // "tokens", "pixels"
	Min       int     `json:"min"`
	P5        int     `json:"p5"`
	P25       int     `json:"p25"`
	Median    int     `json:"median"`
	P75       int     `json:"p75"`
	P95       int     `json:"p95"`
	Max       int     `json:"max"`
	Mean      float64 `json:"mean"`
	Histogram []Bin   `json:"histogram"`

	Limit int `json:"limit"`
	// Beyond is how many are cut, of texts, or enlarged, of pictures.
	Beyond   int     `json:"beyond"`
	Fraction float64 `json:"fraction"` // Beyond of all
}

// Bin counts the sizes from From to To, both included.
type Bin struct {
	From  int `json:"from"`
	To    int `json:"to"`
	Count int `json:"count"`
}

// Duplicates are examples of the same content.
type Duplicates struct {
	Training    int `json:"training"`    // beyond the first of each
	Conflicting int `json:"conflicting"` // among them, of another class than the first
	// Validation are the validation examples that training has too.
	Validation int         `json:"validation"`
	Pairs      [][2]string `json:"pairs"` // the first of the latter, or else of the former
}

// Describe reads a scan.
func Describe(s Scan) Data {
	d := Data{Unit: s.Unit, Training: len(s.Training.Labels), Validation: len(s.Validation.Labels), Bad: append([]BadFile{}, s.Bad...)}
	d.Classes = make([]ClassCount, len(s.Classes))
	for c, name := range s.Classes {
		d.Classes[c].Name = name
	}
	for _, y := range s.Training.Labels {
		if y >= 0 && y < len(d.Classes) {
			d.Classes[y].Training++
		}
	}
	for _, y := range s.Validation.Labels {
		if y >= 0 && y < len(d.Classes) {
			d.Classes[y].Validation++
		}
	}
	d.Sizes = sizes(s)
	d.Duplicates = duplicates(s.Training, s.Validation)
	return d
}

func sizes(s Scan) Sizes {
	out := Sizes{What: s.What, Limit: s.Limit}
	all := slices.Sorted(slices.Values(s.Training.Sizes))
	if len(all) == 0 {
		return out
	}
	at := func(q float64) int { return all[int(q*float64(len(all)-1)+0.5)] }
	out.Min, out.P5, out.P25, out.Median, out.P75, out.P95, out.Max = all[0], at(0.05), at(0.25), at(0.5), at(0.75), at(0.95), all[len(all)-1]
	for _, v := range all {
		out.Mean += float64(v) / float64(len(all))
		if s.What == "tokens" && v > s.Limit || s.What != "tokens" && v < s.Limit {
			out.Beyond++
		}
	}
	out.Fraction = float64(out.Beyond) / float64(len(all))
	out.Histogram = histogram(all, 10)
	return out
}

// histogram has so many bins of equal width up to the 99th percentile, so that
// one long example does not press all others into one; the last bin holds the
// rest. sorted is ascending.
func histogram(sorted []int, bins int) []Bin {
	lo, last := sorted[0], sorted[len(sorted)-1]
	hi := sorted[int(0.99*float64(len(sorted)-1))]
	width := max(1, (hi-lo+bins)/bins)
	var out []Bin
	for from := lo; from <= hi; from += width {
		out = append(out, Bin{From: from, To: from + width - 1})
	}
	out[len(out)-1].To = max(out[len(out)-1].To, last)
	for _, v := range sorted {
		out[min((v-lo)/width, len(out)-1)].Count++
	}
	return out
}

func duplicates(training, validation Set) Duplicates {
	d := Duplicates{Pairs: [][2]string{}}
	first := make(map[Hash]int, len(training.Hashes))
	var within, across [][2]string
	note := func(pairs *[][2]string, a, b string) {
		const most = 5
		if len(*pairs) < most {
			*pairs = append(*pairs, [2]string{a, b})
		}
	}
	for i, h := range training.Hashes {
		j, seen := first[h]
		if !seen {
			first[h] = i
			continue
		}
		d.Training++
		if training.Labels[i] != training.Labels[j] {
			d.Conflicting++
		}
		note(&within, training.Name(j), training.Name(i))
	}
	for i, h := range validation.Hashes {
		if j, seen := first[h]; seen {
			d.Validation++
			note(&across, training.Name(j), validation.Name(i))
		}
	}
	d.Pairs = append(d.Pairs, across...)
	if len(across) == 0 {
		d.Pairs = append(d.Pairs, within...)
	}
	return d
}

// Smallest returns the class with the fewest training examples.
func (d Data) Smallest() ClassCount {
	return slices.MinFunc(d.Classes, func(a, b ClassCount) int { return cmp.Compare(a.Training, b.Training) })
}

// Largest returns the class with the most training examples.
func (d Data) Largest() ClassCount {
	return slices.MaxFunc(d.Classes, func(a, b ClassCount) int { return cmp.Compare(a.Training, b.Training) })
}
