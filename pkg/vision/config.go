package vision

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Config is a vision model's config.json.
type Config struct {
	Architecture string   `json:"architecture"` // vgg16, resnet50, …: see Architectures
	Head         string   `json:"head"`         // documented, linear or original
	Labels       []string `json:"labels,omitempty"`
	NumLabels    int      `json:"num_labels"`

	ImageSize       int `json:"image_size"`        // side of the square input, pixels
	ResizeShortSide int `json:"resize_short_side"` // of pictures as they are kept for drawing from
	// Fit is how an evaluation makes a picture square: crop takes the centre, as
	// torchvision does; stretch draws all of it, as Keras' target_size does.
	Fit string `json:"fit"`

	// Input = (pixel/255 - ImageMean) / ImageStd, by channel in ChannelOrder.
	ImageMean    [3]float64 `json:"image_mean"`
	ImageStd     [3]float64 `json:"image_std"`
	ChannelOrder string     `json:"channel_order"` // RGB or BGR

	// StrideIn1x1 puts a downsampling bottleneck's stride on its first 1×1
	// convolution, as He et al. 2015 have it, not on the 3×3 as torchvision does.
	StrideIn1x1 bool `json:"stride_in_1x1,omitempty"`
	// NormEps is added to the variance in batch norms; 0: PyTorch's 1e-5.
	NormEps float64 `json:"bn_eps,omitempty"`
	Dropout float64 `json:"head_dropout"`
}

// ImageNet's mean and standard deviation, RGB, as torchvision's weights expect.
var (
	torchvisionMean = [3]float64{0.485, 0.456, 0.406}
	torchvisionStd  = [3]float64{0.229, 0.224, 0.225}
)

// DefaultConfig is arch with torchvision's normalisation at 224 pixels.
func DefaultConfig(arch, head string, labels []string) Config {
	return Config{
		Architecture: arch, Head: head, Labels: labels, NumLabels: len(labels), ImageSize: 224, ResizeShortSide: 256,
		Fit:       FitCrop,
		ImageMean: torchvisionMean, ImageStd: torchvisionStd, ChannelOrder: "RGB",
	}
}

// ReadConfig reads a model folder's config.json. A missing or invalid file is an
// error that names it and the key.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("model %s: %w", dir, err)
	}
	c := DefaultConfig("", "original", nil)
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(c.Labels) > 0 {
		c.NumLabels = len(c.Labels)
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Validate reports all that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !known(c.Architecture) {
		bad("architecture: %q, want one of %v", c.Architecture, Architectures())
	}
	switch c.Head {
	case Documented, Linear, Original:
	default:
		bad("head: %q, want %s, %s or %s", c.Head, Documented, Linear, Original)
	}
	if c.NumLabels < 2 {
		bad("%d classes, want 2 or more", c.NumLabels)
	}
	if c.ImageSize < 32 || c.ImageSize > 2048 {
		bad("image_size: %d, want 32 to 2048", c.ImageSize)
	}
	if c.Fit != FitCrop && c.Fit != FitStretch {
		bad("fit: %q, want %s or %s", c.Fit, FitCrop, FitStretch)
	}
	if c.ResizeShortSide < c.ImageSize {
		bad("resize_short_side: %d, want image_size %d or more", c.ResizeShortSide, c.ImageSize)
	}
	for i, s := range c.ImageStd {
		if !(s > 0) {
			bad("image_std[%d]: %g, want more than 0", i, s)
		}
	}
	if c.ChannelOrder != "RGB" && c.ChannelOrder != "BGR" {
		bad("channel_order: %q, want RGB or BGR", c.ChannelOrder)
	}
	if !(c.NormEps >= 0 && c.NormEps < 1) {
		bad("bn_eps: %g, want at least 0 and less than 1", c.NormEps)
	}
	if c.Dropout < 0 || c.Dropout >= 1 {
		bad("head_dropout: %g, want at least 0 and less than 1", c.Dropout)
	}
	return errors.Join(errs...)
}
