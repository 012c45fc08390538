package freeze

// combined joins the masks of several policies, parameter by parameter.
type combined struct {
	of   []Policy
	join func(masks []Mask, i int) bool
}

func (c combined) bind(b *binder) bound {
	parts := make([]bound, len(c.of))
	for i, p := range c.of {
		parts[i] = p.bind(b)
	}
	n := len(b.params)
	return func(at Progress) Mask {
		masks := make([]Mask, len(parts))
		for i, p := range parts {
			masks[i] = p(at)
		}
		out := make(Mask, n)
		for i := range out {
			out[i] = c.join(masks, i)
		}
		return out
	}
}

// Not selects what p does not.
func Not(p Policy) Policy {
	return Policy{combined{[]Policy{p}, func(masks []Mask, i int) bool { return !masks[0][i] }}}
}

// And selects what all of ps select; And() is All.
func And(ps ...Policy) Policy {
	return Policy{combined{ps, func(masks []Mask, i int) bool {
		for _, m := range masks {
			if !m[i] {
				return false
			}
		}
		return true
	}}}
}

// Or selects what any of ps selects; Or() is None.
func Or(ps ...Policy) Policy {
	return Policy{combined{ps, func(masks []Mask, i int) bool {
		for _, m := range masks {
			if m[i] {
				return true
			}
		}
		return false
	}}}
}

// From selects nothing before point and what p selects from there on.
func From(point Point, p Policy) Policy { return Policy{from{point, p}} }

type from struct {
	point Point
	p     Policy
}

func (f from) bind(b *binder) bound {
	b.points = append(b.points, f.point)
	p, none := f.p.bind(b), make(Mask, len(b.params))
	return func(at Progress) Mask {
		if f.point.Reached(at) {
			return p(at)
		}
		return none
	}
}

// Gradual thaws what p selects group by group from the top down: the highest
// at the start, one more at every multiple of the distance every. Groups of
// which p selects nothing take no turn.
func Gradual(every Point, p Policy) Policy { return Policy{gradual{every, p}} }

type gradual struct {
	every Point
	p     Policy
}

func (g gradual) bind(b *binder) bound {
	// Whose turn it is does not change with time: the start of training decides
	// which parameters take part.
	chosen := g.p.bind(b)(Progress{})
	turn := make([]Point, len(b.params))
	turns := 0
	for i := len(b.groups) - 1; i >= 0; i-- {
		point := Point{N: turns * g.every.N, Unit: g.every.Unit}
		takesPart := false
		for _, k := range b.groups[i].Params {
			turn[k] = point
			takesPart = takesPart || chosen[k]
		}
		if takesPart {
			b.points = append(b.points, point)
			turns++
		}
	}
	return func(at Progress) Mask {
		mask := make(Mask, len(chosen))
		for i := range mask {
			mask[i] = chosen[i] && turn[i].Reached(at)
		}
		return mask
	}
}
