package pixels

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Specs that stand for a whole augmentation.
const (
	specDocumented = "documented"
	specNone       = "none"
	specCrop       = "crop"
)

// ParseAugment reads an augmentation from words between commas, later ones over
// earlier ones. It reports every fault at once.
//
//	documented            the recipe: rotate=20,zoom=0.15,flip,fit=stretch
//	crop                  a random window of half to all of the area, and flip
//	none                  a centre crop, nothing random
//	rotate=20 zoom=0.15 shift=0.1 shiftx=0.1 shifty=0.1 flip vflip
//	crop=0.08-1 (or crop=0.08) ratio=0.75-1.33
//	brightness=0.2 contrast=0.2 saturation=0.2 hue=0.05, jitter=0.2 for the first three
//	erase=0.25
//	fit=crop|stretch fill=nearest|black
//
// The empty spec is "none".
func ParseAugment(spec string) (Augment, error) {
	var a Augment
	var errs []error
	for _, word := range strings.Split(spec, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		if err := a.parseWord(word); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = append(errs, a.Validate())
	}
	if err := errors.Join(errs...); err != nil {
		return Augment{}, err
	}
	return a, nil
}

// numberFields names the values that are one number.
func (a *Augment) numberFields() []numberField {
	return []numberField{
		{"rotate", []*float64{&a.Rotate}},
		{"zoom", []*float64{&a.Zoom}},
		{"shift", []*float64{&a.ShiftX, &a.ShiftY}},
		{"shiftx", []*float64{&a.ShiftX}},
		{"shifty", []*float64{&a.ShiftY}},
		{"jitter", []*float64{&a.Jitter.Brightness, &a.Jitter.Contrast, &a.Jitter.Saturation}},
		{"brightness", []*float64{&a.Jitter.Brightness}},
		{"contrast", []*float64{&a.Jitter.Contrast}},
		{"saturation", []*float64{&a.Jitter.Saturation}},
		{"hue", []*float64{&a.Jitter.Hue}},
		{"erase", []*float64{&a.Erase.P}},
	}
}

type numberField struct {
	name string
	set  []*float64
}

func (a *Augment) parseWord(word string) error {
	key, value, valued := strings.Cut(word, "=")
	fields := a.numberFields()
	if i := slices.IndexFunc(fields, func(f numberField) bool { return f.name == key }); i >= 0 {
		v, err := strconv.ParseFloat(value, 64)
		if !valued || err != nil {
			return fmt.Errorf("augment: %q: want %s=NUMBER", word, key)
		}
		for _, p := range fields[i].set {
			*p = v
		}
		return nil
	}
	switch {
	case word == specDocumented:
		*a = Documented()
	case word == specNone:
		*a = Augment{}
	case word == specCrop:
		a.Crop, a.FlipH = CropAndFlip().Crop, true
	case word == "flip":
		a.FlipH = true
	case word == "vflip":
		a.FlipV = true
	case key == "crop" && valued:
		if !strings.Contains(value, "-") {
			value += "-1"
		}
		return parseRange(word, value, &a.Crop.ScaleMin, &a.Crop.ScaleMax)
	case key == "ratio" && valued:
		return parseRange(word, value, &a.Crop.RatioMin, &a.Crop.RatioMax)
	case word == "fit=crop":
		a.Fit = FitCrop
	case word == "fit=stretch":
		a.Fit = FitStretch
	case word == "fill=nearest":
		a.Fill = Fill{}
	case word == "fill=black":
		a.Fill = Fill{Constant: true}
	default:
		return fmt.Errorf("augment: unknown %q; there are documented, crop, none, rotate=, zoom=, shift=, shiftx=, shifty=, "+
			"flip, vflip, crop=MIN-MAX, ratio=MIN-MAX, jitter=, brightness=, contrast=, saturation=, hue=, erase=, "+
			"fit=crop|stretch, fill=nearest|black", word)
	}
	return nil
}

func parseRange(word, value string, lo, hi *float64) error {
	least, most, _ := strings.Cut(value, "-")
	a, errA := strconv.ParseFloat(least, 64)
	b, errB := strconv.ParseFloat(most, 64)
	if errA != nil || errB != nil {
		return fmt.Errorf("augment: %q: want two numbers such as 0.5-1", word)
	}
	*lo, *hi = a, b
	return nil
}

// String writes a as a spec that [ParseAugment] reads back, except for colours
// and erasing's shapes, which have no words.
func (a Augment) String() string {
	var words []string
	number := func(name string, v float64) {
		if v != 0 {
			words = append(words, name+"="+strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	span := func(name string, lo, hi float64) {
		if hi != 0 {
			words = append(words, name+"="+strconv.FormatFloat(lo, 'g', -1, 64)+"-"+strconv.FormatFloat(hi, 'g', -1, 64))
		}
	}
	flag := func(name string, on bool) {
		if on {
			words = append(words, name)
		}
	}
	number("rotate", a.Rotate)
	number("zoom", a.Zoom)
	number("shiftx", a.ShiftX)
	number("shifty", a.ShiftY)
	flag("flip", a.FlipH)
	flag("vflip", a.FlipV)
	span("crop", a.Crop.ScaleMin, a.Crop.ScaleMax)
	span("ratio", a.Crop.RatioMin, a.Crop.RatioMax)
	number("brightness", a.Jitter.Brightness)
	number("contrast", a.Jitter.Contrast)
	number("saturation", a.Jitter.Saturation)
	number("hue", a.Jitter.Hue)
	number("erase", a.Erase.P)
	flag("fit=stretch", a.Fit == FitStretch)
	flag("fill=black", a.Fill.Constant)
	if len(words) == 0 {
		return specNone
	}
	return strings.Join(words, ",")
}
