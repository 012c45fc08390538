package vision

import (
	"fmt"
	"strings"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// LoadOptions say how pretrained weights become a model.
type LoadOptions struct {
	Labels    []string // classes to fine-tune for; nil: the file's own
	Head      string   // documented, linear or original; "": the file's own
	ImageSize int      // 0: the file's own
	Dropout   *float64 // of the head; nil: the file's own
}

// LoadReport says how a file's tensors and a model's parameters met.
type LoadReport struct {
	Missing    []string // parameters drawn anew, for want of a tensor
	Unexpected []string // tensors that no parameter took
}

// Load opens a model folder: config.json and its weights. Where o changes the
// head, it is made anew; any other missing parameter, or one of another shape,
// is an error.
func Load(rt *torch.Runtime, dir string, o LoadOptions) (*Model, LoadReport, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, LoadReport{}, err
	}
	f, err := tensorfile.OpenDir(dir)
	if err != nil {
		return nil, LoadReport{}, err
	}
	defer f.Close()
	return FromFile(rt, f, cfg, o)
}

// FromFile is Load for an open file of weights with torchvision's names, and the
// configuration that goes with them.
func FromFile(rt *torch.Runtime, f *tensorfile.File, cfg Config, o LoadOptions) (*Model, LoadReport, error) {
	newHead := o.Labels != nil || o.Head != "" && o.Head != cfg.Head || o.ImageSize != 0 && o.ImageSize != cfg.ImageSize
	if newHead && o.Labels == nil {
		return nil, LoadReport{}, fmt.Errorf("model %s: a new head needs classes", f.Path())
	}
	if o.Labels != nil {
		cfg.Labels, cfg.NumLabels = o.Labels, len(o.Labels)
	}
	if o.Head != "" {
		cfg.Head = o.Head
	}
	if o.ImageSize != 0 {
		cfg.ImageSize, cfg.ResizeShortSide = o.ImageSize, o.ImageSize*8/7
	}
	if o.Dropout != nil {
		cfg.Dropout = *o.Dropout
	}
	w, err := torch.NewWeightFile(f, func(name string) string { return strings.TrimPrefix(name, "module.") })
	if err != nil {
		return nil, LoadReport{}, err
	}
	if newHead {
		for _, p := range []string{"classifier", "fc"} {
			for _, layer := range []string{"", ".0", ".3", ".6"} {
				w.Forget(p + layer + ".weight")
				w.Forget(p + layer + ".bias")
			}
		}
	}
	m, err := New(rt, cfg, w)
	if err != nil {
		return nil, LoadReport{}, fmt.Errorf("model %s: %w", f.Path(), err)
	}
	report := LoadReport{Missing: w.Missing(m.store), Unexpected: w.Unused()}
	var lost []string
	for _, name := range report.Missing {
		// Files older than PyTorch 0.4.1 have no count of batches.
		if m.head.owns(name) && newHead || strings.HasSuffix(name, ".num_batches_tracked") {
			continue
		}
		lost = append(lost, name)
	}
	if len(lost) > 0 {
		m.Close()
		return nil, report, fmt.Errorf("model %s: %d parameters of %s are missing, such as %s", f.Path(), len(lost), cfg.Architecture, lost[0])
	}
	return m, report, nil
}
