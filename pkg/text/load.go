package text

import (
	"fmt"
	"path/filepath"
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
	OldHead    string   // what the file's head told apart, where it begins for other classes; "" else
}

// String is the report in a line, "" where all fitted.
func (r LoadReport) String() string {
	var parts []string
	if r.NewHead != "" {
		parts = append(parts, r.NewHead)
	}
	if r.OldHead != "" {
		parts = append(parts, r.OldHead)
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
// old gamma and beta are understood.
//
// With o.Labels a head for another number of classes is made anew, and so is a
// missing head or pooler. One for the same classes in another order gets theirs,
// and one for as many others stays. Any other missing parameter is an error.
//
// Without them the model answers as it is: a missing parameter, and a config.json
// of another task than single-label classification, is an error. Where it has no
// id2label, the classes are LABEL_0, LABEL_1 and so on, as Hugging Face has it, if
// the head has num_labels of them.
//
// A parameter of another shape is always an error.
func Load(rt *torch.Runtime, dir string, o LoadOptions) (*BERT, LoadReport, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, LoadReport{}, err
	}
	if err := checkLabels(o.Labels); err != nil {
		return nil, LoadReport{}, err
	}
	if o.Labels == nil {
		if err := cfg.checkTask(); err != nil {
			return nil, LoadReport{}, fmt.Errorf("%s: %w", filepath.Join(dir, configName), err)
		}
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
	weights := w.Source()
	shape, hasHead := w.Has("classifier.weight")
	old, unknown := cfg.Labels, error(nil)
	if len(old) == 0 {
		old, unknown = cfg.defaultLabels(shape)
	}
	switch {
	case o.Labels == nil && !hasHead:
		return nil, report, fmt.Errorf("model %s has no classification head; fine-tune it first, with bertft train", dir)
	case o.Labels == nil && unknown != nil:
		return nil, report, fmt.Errorf("%s: %w", filepath.Join(dir, configName), unknown)
	case o.Labels == nil:
		cfg.Labels = old
	default:
		cfg.Labels = o.Labels
		if hasHead {
			weights = report.adapt(w, shape, o.Labels, old)
		}
	}
	m, err := newBERT(rt, cfg, weights)
	if err != nil {
		return nil, report, fmt.Errorf("model %s: %w", f.Path(), err)
	}
	report.Missing, report.Unexpected = w.Missing(m.store), w.Unused()
	lost := report.Missing
	if o.Labels != nil {
		lost = needed(lost)
	}
	if len(lost) > 0 {
		m.Close()
		return nil, report, fmt.Errorf("model %s: %d parameters are missing: %s", f.Path(), len(lost), abridge(lost))
	}
	return m, report, nil
}

// adapt returns w's tensors with a head for labels: the file's, whose classes were
// old (nil: unknown), or none where that is for another number of classes.
func (r *LoadReport) adapt(w *torch.WeightFile, shape []int, labels, old []string) torch.Source {
	if len(shape) != 2 || shape[0] != len(labels) {
		r.NewHead = fmt.Sprintf("new head: %d classes %v; the file's has shape %s", len(labels), labels, torch.ShapeString(shape))
		w.Forget("classifier.weight")
		w.Forget("classifier.bias")
		return w.Source()
	}
	if rows := places(labels, old); rows != nil {
		return withHeadRows(w.Source(), rows)
	}
	r.OldHead = fmt.Sprintf("the head begins as the file's, of other classes %v", old)
	if old == nil {
		r.OldHead = "the head begins as the file's, of classes that it does not name"
	}
	return w.Source()
}

// places returns for each label where it stands in of, nil unless both have the
// same labels.
func places(labels, of []string) []int {
	if len(labels) != len(of) {
		return nil
	}
	out := make([]int, len(labels))
	for i, l := range labels {
		if out[i] = slices.Index(of, l); out[i] < 0 || slices.Contains(out[:i], out[i]) {
			return nil
		}
	}
	return out
}

// withHeadRows gives the head's weights by these rows of the file's.
func withHeadRows(src torch.Source, rows []int) torch.Source {
	return func(name string) ([]byte, torch.DType, []int, bool) {
		data, dtype, shape, ok := src(name)
		if !ok || !isHead(name) || len(shape) == 0 || shape[0] != len(rows) {
			return data, dtype, shape, ok
		}
		n := len(data) / len(rows)
		out := make([]byte, 0, len(data))
		for _, r := range rows {
			out = append(out, data[r*n:(r+1)*n]...)
		}
		return out, dtype, shape, ok
	}
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
