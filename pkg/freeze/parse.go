package freeze

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// keywords returns the words of the flags that are no names.
func keywords() []string {
	return []string{"all", "none", "embeddings", "blocks", "norms", "biases", "last", "first"}
}

// Parse reads the flags --freeze and --unfreeze into one policy; both empty is
// All.
//
// --freeze lists what does not train:
//
//	freeze = term { "," term }
//	term   = [ "!" ] part { "&" part }
//	part   = "all" | "none" | "embeddings" | "blocks" | "norms" | "biases"
//	       | ( "last" | "first" ) ( ":" | " " ) N
//	       | pattern of groups or, if none matches, of names
//
// Terms are read from left to right: each adds what it selects, with "!" takes
// it away; a list that begins with "!" begins with all. So "!head" and
// "all,!head" freeze everything but the head, and "blocks & norms" the
// normalisation layers of the blocks. Patterns are those of Names.
//
// --unfreeze lists what trains from when:
//
//	unfreeze = item { "," item }
//	item     = term "@" point | "gradual" [ ( "/" | "every" ) point ] | "plateau"
//	point    = N [ "e" | "epoch" | "epochs" ] | N "steps" | [ N ] "plateaus"
//
// A point counts from the start: "@1" is when one epoch is done. "gradual" thaws
// one group after the other from the top down, one an epoch if not said
// otherwise, except what --freeze or another item names; "plateau" is
// "gradual/plateau". What an item names follows the item, also where --freeze
// names it. What no item names stays frozen; but beside a --freeze and without
// gradual, only what that names does.
func Parse(freeze, unfreeze string) (Policy, error) {
	frozen, err1 := parseFreeze(freeze)
	thaw, err2 := parseUnfreeze(unfreeze)
	if err := errors.Join(err1, err2); err != nil {
		return Policy{}, err
	}
	if thaw == nil {
		return Not(frozen), nil
	}
	free := And(Not(frozen), Not(Or(thaw.named...))) // what no item names
	ps := thaw.timed
	switch {
	case thaw.every != nil:
		ps = append(ps, Gradual(*thaw.every, free))
	case strings.TrimSpace(freeze) != "":
		ps = append(ps, free)
	}
	return Or(ps...), nil
}

func parseFreeze(text string) (Policy, error) {
	if strings.TrimSpace(text) == "" {
		return None(), nil
	}
	return parseTerms("--freeze", splitOutside(text, ','))
}

func parseTerms(flag string, terms []string) (Policy, error) {
	acc := None()
	for i, term := range terms {
		text, negated := strings.CutPrefix(strings.TrimSpace(term), "!")
		var parts []Policy
		for part := range strings.SplitSeq(text, "&") {
			p, err := parsePart(flag, strings.TrimSpace(part))
			if err != nil {
				return Policy{}, fmt.Errorf("%s %q: %w", flag, strings.Join(terms, ","), err)
			}
			parts = append(parts, p)
		}
		switch {
		case negated && i == 0:
			acc = Not(And(parts...))
		case negated:
			acc = And(acc, Not(And(parts...)))
		default:
			acc = Or(acc, And(parts...))
		}
	}
	return acc, nil
}

func parsePart(flag, part string) (Policy, error) {
	if which, number, ok := strings.Cut(strings.Replace(part, " ", ":", 1), ":"); ok {
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || which != "last" && which != "first" {
			return Policy{}, fmt.Errorf("%q: want a name, last:2 or first:2", part)
		}
		if which == "last" {
			return flagged(flag, Last(n)), nil
		}
		return flagged(flag, First(n)), nil
	}
	switch part {
	case "":
		return Policy{}, errors.New("an empty term: a comma too many?")
	case "all":
		return All(), nil
	case "none":
		return None(), nil
	case "embeddings":
		return flagged(flag, Embeddings()), nil
	case "blocks":
		return flagged(flag, Blocks()), nil
	case "norms":
		return flagged(flag, Norms()), nil
	case "biases":
		return flagged(flag, Biases()), nil
	}
	if _, err := expand(part); err != nil {
		return Policy{}, err
	}
	return named(flag, part), nil
}

// flagged names the flag in the errors of a selection.
func flagged(flag string, p Policy) Policy {
	if s, ok := p.n.(selection); ok {
		s.flag = flag
		return Policy{s}
	}
	return p
}

// splitOutside splits text at sep, but not within brackets or braces.
func splitOutside(text string, sep byte) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == sep && depth <= 0:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	return append(out, text[start:])
}
