package text_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gotune/gotune/pkg/text"
)

func TestConfigDefaults(t *testing.T) {
	got, err := text.ParseConfig([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	want := text.Config{ // transformers' BertConfig()
		VocabSize: 30522, HiddenSize: 768, NumHiddenLayers: 12, NumAttentionHeads: 12, IntermediateSize: 3072, HiddenAct: "gelu",
		HiddenDropout: 0.1, AttentionDropout: 0.1, MaxPositionEmbeddings: 512, TypeVocabSize: 2, InitializerRange: 0.02,
		LayerNormEps: 1e-12, ModelType: "bert",
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(text.Config{})); d != "" {
		t.Error(d)
	}
}

func TestConfigLabels(t *testing.T) {
	for _, c := range []struct {
		json string
		want []string
	}{
		{`{}`, nil},
		{`{"id2label":null}`, nil},
		{`{"id2label":{"1":"pos","0":"neg"}}`, []string{"neg", "pos"}},
		{`{"id2label":{"10":"k","0":"a","1":"b","2":"c","3":"d","4":"e","5":"f","6":"g","7":"h","8":"i","9":"j"}}`, strings.Split("abcdefghijk", "")},
	} {
		got, err := text.ParseConfig([]byte(c.json))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got.Labels); d != "" {
			t.Errorf("%s: %s", c.json, d)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`{`, "unexpected end of JSON input"},
		{``, "unexpected end of JSON input"},
		{`[1]`, "cannot unmarshal array"},
		{`{"hidden_size":"768"}`, "hidden_size"},
		{`{"model_type":"roberta"}`, `model_type: "roberta", want "bert"`},
		{`{"vocab_size":0}`, "vocab_size: 0, want more than 0"},
		{`{"hidden_size":10,"num_attention_heads":3}`, "hidden_size 10 is no multiple of num_attention_heads 3"},
		{`{"num_attention_heads":0}`, "num_attention_heads: 0, want more than 0"},
		{`{"hidden_act":"swish"}`, `hidden_act: "swish", want gelu`},
		{`{"hidden_dropout_prob":1}`, "hidden_dropout_prob: 1, want at least 0"},
		{`{"classifier_dropout":-0.5}`, "classifier_dropout: -0.5"},
		{`{"pad_token_id":30522}`, "pad_token_id: 30522, want less than vocab_size"},
		{`{"position_embedding_type":"relative_key"}`, `position_embedding_type: "relative_key", want "absolute"`},
		{`{"is_decoder":true}`, "is_decoder: true, want false"},
		{`{"id2label":{"0":"a","2":"b"}}`, `id2label: key "2", want 0 to 1`},
		{`{"id2label":{"0":"a","00":"b"}}`, "id2label: key"},
		{`{"id2label":["a","b"]}`, "id2label: "},
	} {
		if _, err := text.ParseConfig([]byte(c.json)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.json, err, c.want)
		}
	}
	_, err := text.ParseConfig([]byte(`{"vocab_size":-1,"hidden_act":"x","type_vocab_size":0}`))
	for _, key := range []string{"vocab_size", "hidden_act", "type_vocab_size"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("nothing about %s in %v", key, err)
		}
	}
	if _, err := text.ReadConfig(t.TempDir()); err == nil || !strings.Contains(err.Error(), "config.json: no such file") {
		t.Errorf("no file: error %v", err)
	}
}

// What this package does not read is written back as it came; the labels and the
// type are the saved model's.
func TestConfigKeepsOtherKeys(t *testing.T) {
	c, err := text.ParseConfig([]byte(`{"vocab_size":50,"custom":{"a":[1,2]},"torch_dtype":"float16","architectures":["BertForMaskedLM"],
		"id2label":{"0":"a","1":"b"},"label2id":{"a":0,"b":1},"layer_norm_eps":1e-5}`))
	if err != nil {
		t.Fatal(err)
	}
	c.Labels = []string{"x", "y", "z"}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"custom": map[string]any{"a": []any{1.0, 2.0}}, "vocab_size": 50.0, "layer_norm_eps": 1e-5, "dtype": "float32",
		"architectures": []any{"BertForSequenceClassification"}, "problem_type": "single_label_classification",
		"id2label": map[string]any{"0": "x", "1": "y", "2": "z"}, "label2id": map[string]any{"x": 0.0, "y": 1.0, "z": 2.0},
		"classifier_dropout": nil,
	} {
		if d := cmp.Diff(want, got[key]); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
	if _, ok := got["torch_dtype"]; ok {
		t.Error("torch_dtype is still there")
	}
	again, err := text.ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, again, cmpopts.IgnoreUnexported(text.Config{})); d != "" {
		t.Error(d)
	}
}

// copyModel copies a model folder under testdata, each file under its new
// name.
func copyModel(t *testing.T, from string, names map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for old, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata", from, old))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A number of labels that came with the model is another's, once it has new ones.
func TestConfigDropsNumLabels(t *testing.T) {
	c, err := text.ParseConfig([]byte(`{"num_labels":2}`))
	if err != nil {
		t.Fatal(err)
	}
	c.Labels = []string{"a", "b", "c"}
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "num_labels") || !strings.Contains(string(out), `"2":"c"`) {
		t.Errorf("%s", out)
	}
}
