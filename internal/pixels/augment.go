package pixels

import (
	"errors"
	"fmt"
	"math"
)

// Fit says how a picture of any shape meets the network's square.
type Fit uint8

const (
	// FitCrop keeps the aspect ratio and takes a window of the result's size out of
	// the middle: torchvision's Resize and CenterCrop.
	FitCrop Fit = iota
	// FitStretch draws the whole picture, distorted: Keras' target_size.
	FitStretch
)

// CacheSide is the short side to keep pictures at for a size×size result: 256
// for 224, the room torchvision leaves around its centre crop.
func CacheSide(size int) int { return int(math.Round(float64(size) * 256 / 224)) }

// Augment says how training pictures vary. The zero value does not vary them: a
// centre crop. [ParseAugment] reads one from a flag.
type Augment struct {
	Fit  Fit
	Fill Fill // what lies outside the picture; the zero value repeats its edge

	Rotate         float64 // degrees: an angle of U(−Rotate, Rotate)
	Zoom           float64 // each axis on its own by U(1−Zoom, 1+Zoom)
	ShiftX, ShiftY float64 // fractions of width and height: U(−Shift, Shift)
	FlipH, FlipV   bool    // one time in two

	Crop   ResizedCrop
	Jitter ColorJitter
	Erase  RandomErasing
}

// ResizedCrop draws a window of random area and shape and stretches it to the
// result (Szegedy et al. 2014; torchvision's RandomResizedCrop). It takes the
// place of Fit; zero ScaleMax leaves it out.
type ResizedCrop struct {
	ScaleMin, ScaleMax float64 // fraction of the picture's area
	RatioMin, RatioMax float64 // width to height; 0, 0 means 3/4 to 4/3
}

// ColorJitter changes colours by random factors in random order, as
// torchvision's does: U(1−b, 1+b) for the first three, hue by U(−h, h) turns.
type ColorJitter struct {
	Brightness, Contrast, Saturation, Hue float64
}

// RandomErasing paints over a random rectangle (Zhong et al. 2017).
type RandomErasing struct {
	P                  float64  // how often, 0 to 1
	ScaleMin, ScaleMax float64  // fraction of the area; 0, 0 means 0.02 to 0.33
	RatioMin, RatioMax float64  // height to width; 0, 0 means 0.3 to 3.3
	Color              [3]uint8 // zero means ImageNet's mean, which normalises to about 0
}

// Documented is the recipe's augmentation: rotation by up to 20 degrees, zoom by
// up to 15 % on each axis, horizontal flip, the picture stretched to the square.
func Documented() Augment {
	return Augment{Fit: FitStretch, Rotate: 20, Zoom: 0.15, FlipH: true}
}

// CropAndFlip is a window of half to all of the picture, flipped one time in two.
func CropAndFlip() Augment {
	return Augment{FlipH: true, Crop: ResizedCrop{ScaleMin: 0.5, ScaleMax: 1}}
}

// Plain returns what validation and prediction use beside a: the same fit and
// nothing random.
func (a Augment) Plain() Augment { return Augment{Fit: a.Fit, Fill: a.Fill} }

// Validate reports every value that makes no sense.
func (a Augment) Validate() error {
	var errs []error
	within := func(name string, v, lo, hi float64) {
		if !(v >= lo && v <= hi) { // a NaN is out of range too
			errs = append(errs, fmt.Errorf("augment: %s is %v, want %v to %v", name, v, lo, hi))
		}
	}
	within("rotate", a.Rotate, 0, 180)
	within("zoom", a.Zoom, 0, 0.95)
	within("shiftx", a.ShiftX, 0, 1)
	within("shifty", a.ShiftY, 0, 1)
	within("brightness", a.Jitter.Brightness, 0, 1)
	within("contrast", a.Jitter.Contrast, 0, 1)
	within("saturation", a.Jitter.Saturation, 0, 1)
	within("hue", a.Jitter.Hue, 0, 0.5)
	within("erase", a.Erase.P, 0, 1)
	span := func(name string, lo, hi, least, most float64) {
		if lo == 0 && hi == 0 {
			return
		}
		if !(lo >= least && lo <= hi && hi <= most) || lo == 0 {
			errs = append(errs, fmt.Errorf("augment: %s is %v-%v, want a rising range above %v to %v", name, lo, hi, least, most))
		}
	}
	span("crop", a.Crop.ScaleMin, a.Crop.ScaleMax, 0, 1)
	span("ratio", a.Crop.RatioMin, a.Crop.RatioMax, 0, 100)
	span("erase scale", a.Erase.ScaleMin, a.Erase.ScaleMax, 0, 1)
	span("erase ratio", a.Erase.RatioMin, a.Erase.RatioMax, 0, 100)
	return errors.Join(errs...)
}
