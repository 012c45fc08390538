// Package freeze decides which of a model's named parameters train, and when.
//
// A Policy is a pure function of the parameters' names and of how far training
// is: it keeps nothing between calls, so a run that resumes at step k trains
// exactly what the uninterrupted run trains there. Policies are built from
// selections (All, Names, Groups, Last, Embeddings, Norms, Biases, …), from
// combinators (Not, And, Or) and from time (From, Gradual), or read from the
// text of the flags --freeze and --unfreeze by Parse.
//
// Compile binds a policy to a model. It is there that a pattern that matches
// nothing becomes an error, with the names that come near. The Plan that it
// returns answers what the training loop asks: the mask of a step, how many of
// the bottom groups need no gradients, each group's factor on the learning
// rate, and the timetable to print.
//
// Gradual unfreezing and the rates that differ by group are those of Howard &
// Ruder 2018, arXiv:1801.06146, sections 3.2 and 3.3.
package freeze

import "fmt"

// Param is a parameter as the model publishes it.
type Param struct {
	Name  string // as in its state dictionary: "features.24.weight"
	Group string // the part of the model that it belongs to: "block5"
	Numel int    // elements
	Norm  bool   // scale or shift of a normalisation layer
	Bias  bool
}

// Group is a part of a model that thaws as one: a block, a layer, the head.
type Group struct {
	Name   string
	Params []int // indices into the model's parameters, ascending
}

// GroupsOf returns the groups of params from bottom (first in the forward) to
// top, which is the order in which they appear. A group that is interrupted by
// another is an error: what lies below it could not be told.
func GroupsOf(params []Param) ([]Group, error) {
	var groups []Group
	at := map[string]int{}
	for i, p := range params {
		g, seen := at[p.Group]
		if !seen {
			g = len(groups)
			at[p.Group] = g
			groups = append(groups, Group{Name: p.Group})
		}
		if g != len(groups)-1 {
			return nil, fmt.Errorf("freeze: parameter %q: group %q goes on after group %q began", p.Name, p.Group, groups[len(groups)-1].Name)
		}
		groups[g].Params = append(groups[g].Params, i)
	}
	return groups, nil
}

// Mask says for each of a model's parameters, in its order, whether it trains.
type Mask []bool

// Count returns how many elements of params train under m.
func (m Mask) Count(params []Param) int {
	n := 0
	for i, on := range m {
		if on {
			n += params[i].Numel
		}
	}
	return n
}

// Policy says which parameters train at a given point of training. The zero
// value is All.
type Policy struct{ n node }

// Trainable returns which of params train. It is a pure function. What a
// pattern does not match it does not select; Compile tells of it.
func (p Policy) Trainable(params []Param, at Progress) Mask {
	m, err := newModel(params)
	if err != nil {
		// Groups in disorder: each run of a group counts as one of its own.
		m = &model{params: params, groups: runs(params)}
	}
	b := binder{model: m}
	return append(Mask(nil), p.bind(&b)(at)...)
}

func (p Policy) bind(b *binder) bound {
	if p.n == nil {
		return All().n.bind(b)
	}
	return p.n.bind(b)
}

// node is a policy's expression. bind resolves its names against a model, so
// that asking for a mask matches no patterns.
type node interface{ bind(b *binder) bound }

// bound is a policy over one model. The masks that it returns are shared and
// not to be written to.
type bound func(at Progress) Mask

// binder is the model that a policy is bound to, and what binding finds.
type binder struct {
	*model
	points []Point // at which the mask may change
	faults []error // patterns that match nothing
}

type model struct {
	params []Param
	groups []Group
}

func newModel(params []Param) (*model, error) {
	groups, err := GroupsOf(params)
	if err != nil {
		return nil, err
	}
	return &model{params: params, groups: groups}, nil
}

// runs returns the groups of params, one for each uninterrupted run.
func runs(params []Param) []Group {
	var groups []Group
	for i, p := range params {
		if n := len(groups); n == 0 || groups[n-1].Name != p.Group {
			groups = append(groups, Group{Name: p.Group})
		}
		last := &groups[len(groups)-1]
		last.Params = append(last.Params, i)
	}
	return groups
}

// where returns the mask of the parameters for which keep holds.
func (m *model) where(keep func(i int) bool) Mask {
	mask := make(Mask, len(m.params))
	for i := range mask {
		mask[i] = keep(i)
	}
	return mask
}

// inGroups returns the mask of the parameters whose group is chosen.
func (m *model) inGroups(chosen func(g int) bool) Mask {
	mask := make(Mask, len(m.params))
	for g := range m.groups {
		if chosen(g) {
			for _, i := range m.groups[g].Params {
				mask[i] = true
			}
		}
	}
	return mask
}

func (m Mask) any() bool {
	for _, on := range m {
		if on {
			return true
		}
	}
	return false
}
