package text_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

var polarity = []string{"neg", "pos"}

// One model as .bin with TensorFlow's names and the language model's heads, and as
// float16 and bfloat16 without prefix, equals Hugging Face's reading of each.
func TestLoadEqualsHuggingFace(t *testing.T) {
	data, err := os.ReadFile("testdata/bert-micro/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		IDs, Types []int64
		Lengths    []int
		Pooled     map[string][]float32
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	b := &text.Batch{N: 2, T: 5, IDs: want.IDs, TypeIDs: want.Types, Lengths: want.Lengths}
	for _, c := range []struct {
		file, name, golden string
		unexpected         []string
	}{
		{"pytorch_model.bin", "pytorch_model.bin", "f32", []string{"cls.predictions.bias", "cls.seq_relationship.weight"}},
		{"f16.safetensors", "model.safetensors", "f16", nil},
		{"bf16.safetensors", "model.safetensors", "bf16", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			dir := copyModel(t, "bert-micro", map[string]string{"config.json": "config.json", c.file: c.name})
			m, report, err := text.Load(rt, dir, text.LoadOptions{Labels: polarity})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s := rt.Scope(rt.EvalMode())
			defer s.Close()
			got := s.Floats(m.Pooled(s, b.Inputs(s)))
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			near(t, "pooled", got, want.Pooled[c.golden], 1e-5)
			if d := cmp.Diff([]string{"classifier.weight", "classifier.bias"}, report.Missing); d != "" {
				t.Errorf("missing: %s", d)
			}
			if d := cmp.Diff(c.unexpected, report.Unexpected); d != "" {
				t.Errorf("unexpected: %s", d)
			}
		})
	}
}

// tiny returns the tensors of bert-tiny's file, in memory.
func tiny(t *testing.T) []tensorfile.Tensor {
	t.Helper()
	f, err := tensorfile.Open("testdata/bert-tiny/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	var out []tensorfile.Tensor
	for w := range f.All() {
		out = append(out, w)
	}
	return out
}

// variant writes bert-tiny with changed tensors: change returns what becomes of
// one, nothing to leave it out.
func variant(t *testing.T, change func(w tensorfile.Tensor) []tensorfile.Tensor) string {
	t.Helper()
	dir := copyModel(t, "bert-tiny", map[string]string{"config.json": "config.json"})
	var out []tensorfile.Tensor
	for _, w := range tiny(t) {
		out = append(out, change(w)...)
	}
	if err := tensorfile.Write(filepath.Join(dir, "model.safetensors"), out, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func renamed(name func(string) string) func(tensorfile.Tensor) []tensorfile.Tensor {
	return func(w tensorfile.Tensor) []tensorfile.Tensor {
		w.Name = name(w.Name)
		if w.Name == "" {
			return nil
		}
		return []tensorfile.Tensor{w}
	}
}

// sameAsTiny compares every parameter, bit for bit.
func sameAsTiny(t *testing.T, m *text.BERT) {
	t.Helper()
	for _, w := range tiny(t) {
		p := m.Store().Get(w.Name)
		if p == nil {
			t.Errorf("no parameter %s", w.Name)
			continue
		}
		s := rt.Scope(torch.Mode{})
		got := s.Floats(p.T)
		s.Close()
		want, err := w.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%s differs", w.Name)
		}
	}
}

func TestLoadNames(t *testing.T) {
	for what, name := range map[string]func(string) string{
		"as saved":      func(n string) string { return n },
		"without bert.": func(n string) string { return strings.TrimPrefix(n, "bert.") },
		"gamma and beta": func(n string) string {
			return strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta").Replace(n)
		},
		"of DataParallel": func(n string) string { return "module." + n },
	} {
		t.Run(what, func(t *testing.T) {
			m, report, err := text.Load(rt, variant(t, renamed(name)), text.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			sameAsTiny(t, m)
			if s := report.String(); s != "" {
				t.Errorf("report %q", s)
			}
			if d := cmp.Diff([]string{"a", "b", "c"}, m.Classes()); d != "" {
				t.Error(d)
			}
		})
	}
}

// A sharded model is read through its index.
func TestLoadShards(t *testing.T) {
	dir := copyModel(t, "bert-tiny", map[string]string{"config.json": "config.json"})
	index := map[string]string{}
	shards := map[string][]tensorfile.Tensor{}
	for i, w := range tiny(t) {
		file := []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}[i%2]
		index[w.Name], shards[file] = file, append(shards[file], w)
	}
	for file, tensors := range shards {
		if err := tensorfile.Write(filepath.Join(dir, file), tensors, nil); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": index})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	m, _, err := text.Load(rt, dir, text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sameAsTiny(t, m)
	m.Close()

	gone := filepath.Join(dir, "model-00002-of-00002.safetensors")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if _, _, err := text.Load(rt, dir, text.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "model-00002-of-00002.safetensors") {
		t.Errorf("a missing shard: error %v", err)
	}
}

// A head for other classes and a missing pooler are made anew, and told.
func TestLoadMakesAnew(t *testing.T) {
	m, report, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Labels: polarity})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := report.String(), "new head: 2 classes [neg pos]; the file's has shape [3,32]"; got != want {
		t.Errorf("report %q, want %q", got, want)
	}
	if sh := m.Store().Get("classifier.weight").T.Shape(); !cmp.Equal(sh, []int{2, 32}) {
		t.Errorf("classifier of shape %v", sh)
	}
	m.Close()

	m, report, err = text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Labels: []string{"x", "y", "z"}})
	if err != nil {
		t.Fatal(err)
	}
	sameAsTiny(t, m) // a head of the same size is kept, as Hugging Face does
	if got, want := report.String(), "the head begins as the file's, of other classes [a b c]"; got != want {
		t.Errorf("report %q, want %q", got, want)
	}
	m.Close()

	dir := variant(t, func(w tensorfile.Tensor) []tensorfile.Tensor {
		if strings.Contains(w.Name, "pooler") || strings.HasPrefix(w.Name, "classifier.") {
			return nil
		}
		more := w
		more.Name = "extra." + w.Name
		return []tensorfile.Tensor{w, more}
	})
	m, report, err = text.Load(rt, dir, text.LoadOptions{Labels: polarity})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if d := cmp.Diff([]string{"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"}, report.Missing); d != "" {
		t.Error(d)
	}
	if n := len(report.Unexpected); n == 0 || !strings.HasSuffix(report.String(), " more") || !strings.Contains(report.String(), "left out: extra.bert") {
		t.Errorf("%d unexpected, report %q", n, report)
	}
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	for _, x := range s.Floats(m.Store().Get("bert.pooler.dense.bias").T) {
		if x != 0 {
			t.Fatalf("a new bias is %g, want 0", x)
		}
	}
}

// The same classes in another order have each the file's row.
func TestLoadOrdersTheHead(t *testing.T) {
	m, report, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Labels: []string{"c", "a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if s := report.String(); s != "" {
		t.Errorf("report %q", s)
	}
	same, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Labels: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	defer same.Close()
	sameAsTiny(t, same)
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	for _, name := range []string{"classifier.weight", "classifier.bias"} {
		want, got := s.Floats(same.Store().Get(name).T), s.Floats(m.Store().Get(name).T)
		n := len(want) / 3
		if d := cmp.Diff(slices.Concat(want[2*n:], want[:2*n]), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Older versions of transformers wrote no id2label for two classes.
func TestLoadDefaultLabels(t *testing.T) {
	dir := variant(t, func(w tensorfile.Tensor) []tensorfile.Tensor {
		if strings.HasPrefix(w.Name, "classifier.") {
			w.Data = w.Data[:len(w.Data)/3*2]
			w.Shape = append([]int{2}, w.Shape[1:]...)
		}
		return []tensorfile.Tensor{w}
	})
	config(t, dir, `"id2label"`, `"other"`)
	m, _, err := text.Load(rt, dir, text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if d := cmp.Diff([]string{"LABEL_0", "LABEL_1"}, m.Classes()); d != "" {
		t.Error(d)
	}
	m, report, err := text.Load(rt, dir, text.LoadOptions{Labels: polarity})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if got, want := report.String(), "the head begins as the file's, of other classes [LABEL_0 LABEL_1]"; got != want {
		t.Errorf("report %q, want %q", got, want)
	}

	config(t, dir, `"other"`, `"num_labels": 3, "other"`)
	if _, _, err := text.Load(rt, dir, text.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "num_labels is 3, the head has shape [2 32]") {
		t.Errorf("error %v", err)
	}
}

// A model of another task is not asked for classes, but may be fine-tuned.
func TestLoadAnotherTask(t *testing.T) {
	without := func(part string) func(string) string {
		return func(n string) string {
			if strings.Contains(n, part) {
				return ""
			}
			return n
		}
	}
	for _, c := range []struct{ name, missing, old, new, want string }{
		{"no pooler", "pooler", "", "", "model.safetensors: 2 parameters are missing: bert.pooler.dense.weight, bert.pooler.dense.bias"},
		{"no bias", "classifier.bias", "", "", "model.safetensors: 1 parameters are missing: classifier.bias"},
		{"tokens", "pooler", "BertForSequenceClassification", "BertForTokenClassification", "config.json: architectures: BertForTokenClassification, want BertForSequenceClassification"},
		{"several labels", "-", `"pad_token_id"`, `"problem_type": "multi_label_classification", "pad_token_id"`, `config.json: problem_type: "multi_label_classification", want "single_label_classification"`},
		{"regression", "-", `"pad_token_id"`, `"problem_type": "regression", "pad_token_id"`, `config.json: problem_type: "regression", want "single_label_classification"`},
		{"one label", "-", `"pad_token_id"`, `"problem_type": "single_label_classification", "pad_token_id"`, ""},
		{"none said", "-", `"pad_token_id"`, `"problem_type": null, "pad_token_id"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := variant(t, renamed(without(c.missing)))
			config(t, dir, c.old, c.new)
			m, _, err := text.Load(rt, dir, text.LoadOptions{})
			if err == nil {
				m.Close()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			m, _, err = text.Load(rt, dir, text.LoadOptions{Labels: polarity})
			if err != nil {
				t.Fatalf("with labels: %v", err)
			}
			m.Close()
		})
	}
}

// config replaces old by new in dir's config.json.
func config(t *testing.T, dir, old, new string) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("no %s in config.json", old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoadDropout(t *testing.T) {
	p := 0.3
	m, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Dropout: &p})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if c := m.Config; c.HiddenDropout != p || c.AttentionDropout != p || c.ClassifierDropout != nil {
		t.Errorf("dropout %g, %g, %v, want %g for all", c.HiddenDropout, c.AttentionDropout, c.ClassifierDropout, p)
	}
}

func TestLoadFaults(t *testing.T) {
	without := func(part string) string {
		return variant(t, renamed(func(n string) string {
			if strings.Contains(n, part) {
				return ""
			}
			return n
		}))
	}
	reshaped := func(name string, shape ...int) string {
		return variant(t, func(w tensorfile.Tensor) []tensorfile.Tensor {
			if w.Name == name {
				w.Shape = shape
				n := 4
				for _, d := range shape {
					n *= d
				}
				w.Data = w.Data[:n]
			}
			return []tensorfile.Tensor{w}
		})
	}
	configured := func(old, new string) string {
		dir := variant(t, renamed(func(n string) string { return n }))
		config(t, dir, old, new)
		return dir
	}
	noConfig := variant(t, renamed(func(n string) string { return n }))
	if err := os.Remove(filepath.Join(noConfig, "config.json")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir string
		o         text.LoadOptions
		want      string
	}{
		{"no config", noConfig, text.LoadOptions{}, "config.json: no such file"},
		{"no weights", copyModel(t, "bert-tiny", map[string]string{"config.json": "config.json"}), text.LoadOptions{}, "no model weights"},
		{"no head", without("classifier"), text.LoadOptions{}, "has no classification head; fine-tune it first"},
		{"no layer", without("layer.1."), text.LoadOptions{}, "model.safetensors: 16 parameters are missing: bert.encoder.layer.1.attention"},
		{"no bias", without("layer.0.output.LayerNorm.bias"), text.LoadOptions{}, "1 parameters are missing: bert.encoder.layer.0.output.LayerNorm.bias"},
		{"no labels", configured(`"id2label"`, `"other"`), text.LoadOptions{}, "config.json: no id2label"},
		{"more labels than the head", configured(`"2": "c"`, `"2": "c", "3": "d"`), text.LoadOptions{}, `"classifier.weight": shape [3,32], want [4,32]`},
		{"another shape", reshaped("bert.pooler.dense.weight", 16, 32), text.LoadOptions{}, `"bert.pooler.dense.weight": shape [16,32], want [32,32]`},
		{"too few words", reshaped("bert.embeddings.word_embeddings.weight", 100, 32), text.LoadOptions{}, "shape [100,32], want [120,32]"},
		{"a head that is a vector", reshaped("classifier.weight", 32), text.LoadOptions{}, `"classifier.weight": shape [32], want [3,32]`},
		{"a head that is a number", reshaped("classifier.bias"), text.LoadOptions{}, `"classifier.bias": shape [], want [3]`},
		{"one class", "testdata/bert-tiny", text.LoadOptions{Labels: []string{"a"}}, "1 classes, want 2 or more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, err := text.Load(rt, c.dir, c.o)
			if err == nil {
				m.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) {
				t.Errorf("error %v, want %s in %s", err, c.want, c.dir)
			}
		})
	}
	t.Run("a new head in place of a number", func(t *testing.T) {
		m, report, err := text.Load(rt, reshaped("classifier.weight"), text.LoadOptions{Labels: polarity})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if !strings.Contains(report.String(), "new head: 2 classes") {
			t.Errorf("report %q", report)
		}
	})
}

// A saved model opens as it was, and one that cannot be saved leaves the old.
func TestSave(t *testing.T) {
	tok := openTok(t)
	m, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir := filepath.Join(t.TempDir(), "run", "model")
	if err := m.Save(dir, tok); err != nil {
		t.Fatal(err)
	}
	again, report, err := text.Load(rt, dir, text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	sameAsTiny(t, again)
	if s := report.String(); s != "" {
		t.Errorf("report %q", s)
	}
	for _, name := range []string{"config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := text.OpenTokenizer(dir); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(filepath.Join(file, "model"), tok); err == nil {
		t.Error("saved below a file")
	} else if path := new(fs.PathError); !errors.As(err, &path) {
		t.Errorf("error %v names no path", err)
	}
}
