package freeze

import (
	"errors"
	"fmt"
	"strings"
)

// thawing is what --unfreeze says.
type thawing struct {
	named []Policy // what the items select
	timed []Policy // the same from their points on
	every *Point   // of gradual
}

func parseUnfreeze(text string) (*thawing, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var t thawing
	var errs []error
	for _, item := range splitOutside(text, ',') {
		item = strings.TrimSpace(item)
		if every, ok, err := parseGradual(item); ok {
			if t.every != nil {
				err = errors.Join(err, errors.New("gradual unfreezing stands there twice"))
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("--unfreeze %q: %w", text, err))
			}
			t.every = &every
			continue
		}
		what, when, ok := strings.Cut(item, "@")
		if !ok {
			errs = append(errs, fmt.Errorf("--unfreeze %q: %q does not say when, want name@epoch, gradual/1e or plateau", text, item))
			continue
		}
		point, err := ParsePoint(when)
		if err != nil {
			errs = append(errs, fmt.Errorf("--unfreeze %q: %w", text, err))
		}
		p, err := parseTerms("--unfreeze", []string{what})
		if err != nil {
			errs = append(errs, err)
		}
		t.named = append(t.named, p)
		t.timed = append(t.timed, From(point, p))
	}
	return &t, errors.Join(errs...)
}

// parseGradual reads "gradual", "gradual/500steps", "gradual every 2 epochs" or
// "plateau"; ok tells whether item is any of them.
func parseGradual(item string) (every Point, ok bool, err error) {
	if item == "plateau" {
		return AfterPlateaus(1), true, nil
	}
	rest, ok := strings.CutPrefix(item, "gradual")
	if !ok || strings.Contains(item, "@") {
		return Point{}, false, nil
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return AfterEpochs(1), true, nil
	}
	text, slash := strings.CutPrefix(rest, "/")
	text, word := strings.CutPrefix(text, "every ")
	if slash == word {
		return Point{}, true, fmt.Errorf("%q: want gradual/1e or gradual every 1 epoch", item)
	}
	every, err = ParsePoint(text)
	if err == nil && every.N < 1 {
		err = fmt.Errorf("%q: want a distance of at least 1", item)
	}
	return every, true, err
}
