package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// LoadOptions say how a model folder is opened.
type LoadOptions struct {
	// Labels are the classes to fine-tune for, in the order of the logits. nil
	// takes those the model was fine-tuned for.
	Labels []string
	// Dropout, if not nil, replaces every dropout probability.
	Dropout *float64
}

// LoadReport says how a file's tensors and a model's parameters met.
type LoadReport struct {
	Missing    []string // parameters drawn anew, for want of a tensor
	Unexpected []string // tensors that no parameter took
	NewHead    string   // why the head is new, "" where it is the file's
}

// String is the report in a line, "" where all fitted.
func (r LoadReport) String() string {
	var parts []string
	if r.NewHead != "" {
		parts = append(parts, r.NewHead)
	}
	missing := r.Missing
	if r.NewHead != "" { // which says it already
		missing = slices.DeleteFunc(slices.Clone(missing), isHead)
	}
	if len(missing) > 0 {
		parts = append(parts, "new: "+abridge(missing))
	}
	if len(r.Unexpected) > 0 {
		parts = append(parts, "left out: "+abridge(r.Unexpected))
	}
	return strings.Join(parts, "; ")
}

func abridge(names []string) string {
	const most = 6
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Load opens a model folder: config.json with model.safetensors, its sharded
// index, or pytorch_model.bin. Names with and without the "bert." prefix and the
// old gamma and beta are understood. A head for another number of classes than
// o.Labels is made anew, and so is a missing pooler; any other missing
// parameter, or one of another shape, is an error.
func Load(rt *torch.Runtime, dir string, o LoadOptions) (*BERT, LoadReport, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, LoadReport{}, err
	}
	fine := cfg.Labels
	if o.Labels != nil {
		cfg.Labels = o.Labels
	}
	if o.Dropout != nil {
		cfg.HiddenDropout, cfg.AttentionDropout, cfg.ClassifierDropout = *o.Dropout, *o.Dropout, nil
	}
	f, err := tensorfile.OpenDir(dir)
	if err != nil {
		return nil, LoadReport{}, err
	}
	defer f.Close()
	w, err := torch.NewWeightFile(f, parameterName)
	if err != nil {
		return nil, LoadReport{}, err
	}
	var report LoadReport
	if shape, ok := w.Has("classifier.weight"); ok && o.Labels != nil {
		if len(shape) != 2 || shape[0] != len(o.Labels) {
			report.NewHead = fmt.Sprintf("new head: %d classes %v; the file's has shape %s", len(o.Labels), o.Labels, torch.ShapeString(shape))
			w.Forget("classifier.weight")
			w.Forget("classifier.bias")
		}
	} else if !ok && o.Labels == nil {
		return nil, report, fmt.Errorf("model %s has no classification head; fine-tune it first, with bertft train", dir)
	}
	if cfg.Labels == nil || (o.Labels == nil && len(fine) == 0) {
		return nil, report, fmt.Errorf("%s/config.json: no id2label: the classes are not known", dir)
	}
	m, err := NewBERT(rt, cfg, w)
	if err != nil {
		return nil, report, fmt.Errorf("model %s: %w", f.Path(), err)
	}
	report.Missing, report.Unexpected = w.Missing(m.store), w.Unused()
	if lost := needed(report.Missing); len(lost) > 0 {
		m.Close()
		return nil, report, fmt.Errorf("model %s: %d parameters are missing: %s", f.Path(), len(lost), abridge(lost))
	}
	return m, report, nil
}

// parameterName maps a tensor's name in a file to the parameter's.
func parameterName(name string) string {
	name = strings.TrimPrefix(name, "module.") // torch.nn.DataParallel's
	if strings.HasSuffix(name, "embeddings.position_ids") || strings.HasSuffix(name, "embeddings.token_type_ids") {
		return "" // a buffer that counts from 0
	}
	for _, part := range []string{"embeddings.", "encoder.", "pooler."} {
		if strings.HasPrefix(name, part) {
			name = "bert." + name
		}
	}
	// TensorFlow's names, kept in the first PyTorch conversions.
	if base, ok := strings.CutSuffix(name, ".gamma"); ok {
		return base + ".weight"
	}
	if base, ok := strings.CutSuffix(name, ".beta"); ok {
		return base + ".bias"
	}
	return name
}

func isHead(param string) bool { return strings.HasPrefix(param, "classifier.") }

// needed returns the missing parameters that no fine-tuning makes up for: all
// but the head and the pooler.
func needed(missing []string) []string {
	var out []string
	for _, name := range missing {
		if !isHead(name) && !strings.HasPrefix(name, "bert.pooler.") {
			out = append(out, name)
		}
	}
	return out
}
