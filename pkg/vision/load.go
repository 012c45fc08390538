package vision

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// LoadOptions say how pretrained weights become a model.
type LoadOptions struct {
	// Architecture is that of a bare file of weights; a folder's config.json has its
	// own.
	Architecture string
	Labels       []string // classes to fine-tune for; nil: the file's own
	Head         string   // documented, linear or original; "": the file's own
	ImageSize    int      // 0: the file's own
	Dropout      *float64 // of the head; nil: the file's own
	Fit          string   // crop or stretch; "": the file's own
	Normalize    string   // auto, none or imagenet; "": auto
}

// LoadReport says how a file's tensors and a model's parameters met.
type LoadReport struct {
	Missing    []string // parameters drawn anew, for want of a tensor
	Unexpected []string // tensors that no parameter took
}

// ConfigOf returns the configuration that Load would give the model at path,
// without reading its weights.
func ConfigOf(path string, o LoadOptions) (Config, error) {
	cfg, err := pretrainedConfig(path, o.Architecture)
	if err != nil {
		return Config{}, err
	}
	if cfg, err = cfg.with(o); err != nil {
		return Config{}, fmt.Errorf("model %s: %w", path, err)
	}
	return cfg, nil
}

// pretrainedConfig is what is known of a model before its weights are read. A
// bare file is of an ImageNet classifier: torchvision's, or Keras' VGG16 if it is
// HDF5.
func pretrainedConfig(path, arch string) (Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, fmt.Errorf("model: %w", err)
	}
	if info.IsDir() {
		cfg, err := ReadConfig(path)
		if err == nil && arch != "" && arch != cfg.Architecture {
			err = fmt.Errorf("%s: architecture is %s, and %s was asked for", filepath.Join(path, "config.json"), cfg.Architecture, arch)
		}
		return cfg, err
	}
	f, err := tensorfile.Open(path)
	if err != nil {
		return Config{}, err
	}
	keras := f.Format() == tensorfile.HDF5
	if err := f.Close(); err != nil {
		return Config{}, err
	}
	if keras && arch == "" {
		arch = "vgg16"
	}
	if arch == "" {
		return Config{}, fmt.Errorf("model %s: a file of weights does not say what it is: give --arch, one of %s",
			path, strings.Join(Architectures(), ", "))
	}
	cfg := DefaultConfig(arch, Original, nil)
	cfg.NumLabels = 1000
	if keras {
		n := pixels.KerasVGG()
		cfg.ChannelOrder = "BGR"
		for i := range 3 {
			cfg.ImageMean[i], cfg.ImageStd[i] = n.Mean[i]/255, 1.0/255
		}
	}
	return cfg, cfg.Validate()
}

// with returns c as o changes it.
func (c Config) with(o LoadOptions) (Config, error) {
	if o.Labels != nil {
		c.Labels, c.NumLabels = o.Labels, len(o.Labels)
	}
	if o.Head != "" {
		c.Head = o.Head
	}
	if o.ImageSize != 0 && o.ImageSize != c.ImageSize {
		c.ImageSize, c.ResizeShortSide = o.ImageSize, pixels.CacheSide(o.ImageSize)
	}
	if o.Dropout != nil {
		c.Dropout = *o.Dropout
	}
	if o.Fit != "" {
		c.Fit = o.Fit
	}
	switch o.Normalize {
	case "", "auto":
	case "none":
		c.ImageMean, c.ImageStd, c.ChannelOrder = [3]float64{}, [3]float64{1, 1, 1}, "RGB"
	case "imagenet":
		c.ImageMean, c.ImageStd, c.ChannelOrder = torchvisionMean, torchvisionStd, "RGB"
	default:
		return c, fmt.Errorf("normalize: %q, want auto, none or imagenet", o.Normalize)
	}
	return c, c.Validate()
}

// Load opens a model folder, config.json and its weights, or a file of weights:
// torchvision's .pth, .safetensors, or the .h5 or .keras of Keras' VGG16. Where o
// changes the classes alone, the head's last layer is made anew; where it changes the
// head, or the size of one that flattens, all of it, as where a bare file has none:
// Keras' files without top. Any other missing parameter, or one of another shape, is
// an error.
func Load(rt *torch.Runtime, path string, o LoadOptions) (*Model, LoadReport, error) {
	was, err := pretrainedConfig(path, o.Architecture)
	if err != nil {
		return nil, LoadReport{}, err
	}
	cfg, err := was.with(o)
	if err != nil {
		return nil, LoadReport{}, fmt.Errorf("model %s: %w", path, err)
	}
	f, err := openWeights(path)
	if err != nil {
		return nil, LoadReport{}, err
	}
	defer f.Close()
	otherClasses, otherHead := o.Labels != nil && !slices.Equal(o.Labels, was.Labels), !cfg.sameHead(was)
	if otherHead && o.Labels == nil {
		return nil, LoadReport{}, fmt.Errorf("model %s: a new head needs classes", path)
	}
	w, err := weights(f, cfg.Architecture)
	if err != nil {
		return nil, LoadReport{}, err
	}
	var fresh []string
	switch {
	case otherHead, !hasHead(w) && (otherClasses || len(cfg.Labels) == 0):
		fresh = headTensors()
	case otherClasses:
		last := cfg.headLayer(len(cfg.hidden()))
		fresh = []string{last + ".weight", last + ".bias"}
	}
	return build(rt, f.Path(), cfg, w, fresh)
}

func openWeights(path string) (*tensorfile.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return tensorfile.OpenDir(path)
	}
	return tensorfile.Open(path)
}

// weights lists f's tensors under torchvision's names.
func weights(f *tensorfile.File, arch string) (*torch.WeightFile, error) {
	if f.Format() != tensorfile.HDF5 {
		// DataParallel saves every name with a prefix.
		return torch.NewWeightFile(f, func(name string) string { return strings.TrimPrefix(name, "module.") })
	}
	if arch != "vgg16" {
		return nil, fmt.Errorf("model %s: of Keras' files only VGG16's can be read, not %s", f.Path(), arch)
	}
	ts, err := tensorfile.KerasVGG16ToTorch(f)
	if err != nil {
		return nil, err
	}
	return torch.NewWeights(f.Path(), ts)
}

// headTensors are the names that a head's parameters have in any architecture.
func headTensors() []string {
	var names []string
	for _, p := range []string{"classifier", "fc"} {
		for _, layer := range []string{"", ".0", ".3", ".6"} {
			names = append(names, p+layer+".weight", p+layer+".bias")
		}
	}
	return names
}

func hasHead(w *torch.WeightFile) bool {
	return slices.ContainsFunc(headTensors(), func(name string) bool {
		_, ok := w.Has(name)
		return ok
	})
}

// build makes the model of w's tensors but for the fresh ones, which are drawn.
func build(rt *torch.Runtime, path string, cfg Config, w *torch.WeightFile, fresh []string) (*Model, LoadReport, error) {
	for _, name := range fresh {
		w.Forget(name)
	}
	m, err := New(rt, cfg, w)
	if err != nil {
		return nil, LoadReport{}, fmt.Errorf("model %s: %w", path, err)
	}
	report := LoadReport{Unexpected: w.Unused()}
	var lost []string
	for _, name := range w.Missing(m.store) {
		// Files older than PyTorch 0.4.1 have no count of batches: it starts at 0.
		if strings.HasSuffix(name, ".num_batches_tracked") {
			continue
		}
		report.Missing = append(report.Missing, name)
		if !slices.Contains(fresh, name) {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		m.Close()
		return nil, report, fmt.Errorf("model %s: %d parameters of %s are missing, such as %s", path, len(lost), cfg.Architecture, lost[0])
	}
	return m, report, nil
}
