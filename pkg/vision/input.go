package vision

import "github.com/gotune/gotune/internal/pixels"

// How a picture of any shape meets the network's square: Config.Fit.
const (
	FitCrop    = "crop"
	FitStretch = "stretch"
)

// Input says what a network reads: how pictures become squares, and bytes
// numbers.
type Input struct {
	Size      int // side of the square, pixels
	ShortSide int // at which pictures are decoded and kept
	Fit       string
	// The input is (pixel/255 - Mean) / Std, by channel, blue first if BGR.
	Mean, Std [3]float64
	BGR       bool
}

// Input returns what a model of this configuration reads.
func (c Config) Input() Input {
	return Input{
		Size: c.ImageSize, ShortSide: c.ResizeShortSide, Fit: c.Fit,
		Mean: c.ImageMean, Std: c.ImageStd, BGR: c.ChannelOrder == "BGR",
	}
}

// plain is an evaluation's transform: nothing random.
func (in Input) plain() pixels.Augment {
	if in.Fit == FitStretch {
		return pixels.Augment{Fit: pixels.FitStretch}
	}
	return pixels.Augment{}
}
