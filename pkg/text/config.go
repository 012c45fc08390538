package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Config is a BERT's config.json, with Hugging Face's keys. Keys that this
// package does not read are kept and written back.
type Config struct {
	VocabSize             int      `json:"vocab_size"`
	HiddenSize            int      `json:"hidden_size"`
	NumHiddenLayers       int      `json:"num_hidden_layers"`
	NumAttentionHeads     int      `json:"num_attention_heads"`
	IntermediateSize      int      `json:"intermediate_size"`
	HiddenAct             string   `json:"hidden_act"`
	HiddenDropout         float64  `json:"hidden_dropout_prob"`
	AttentionDropout      float64  `json:"attention_probs_dropout_prob"`
	ClassifierDropout     *float64 `json:"classifier_dropout"` // nil: HiddenDropout
	MaxPositionEmbeddings int      `json:"max_position_embeddings"`
	TypeVocabSize         int      `json:"type_vocab_size"`
	InitializerRange      float64  `json:"initializer_range"`
	LayerNormEps          float64  `json:"layer_norm_eps"`
	PadTokenID            int      `json:"pad_token_id"`
	ModelType             string   `json:"model_type"`

	// Labels are the classes in the order of the logits, from id2label; nil in a
	// model that was never fine-tuned for classification.
	Labels []string `json:"-"`

	rest map[string]json.RawMessage
}

const configName = "config.json"

// ReadConfig reads a model folder's config.json. A missing or invalid file, a
// model that is no BERT and sizes that do not fit each other are errors that
// name the file and the key.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, configName)
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("model %s: %w", dir, err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig is ReadConfig for the file's content.
func ParseConfig(data []byte) (Config, error) {
	// The defaults of Hugging Face's BertConfig, for keys that are absent.
	c := Config{
		VocabSize: 30522, HiddenSize: 768, NumHiddenLayers: 12, NumAttentionHeads: 12, IntermediateSize: 3072,
		HiddenAct: "gelu", HiddenDropout: 0.1, AttentionDropout: 0.1, MaxPositionEmbeddings: 512, TypeVocabSize: 2,
		InitializerRange: 0.02, LayerNormEps: 1e-12, ModelType: "bert",
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, err
	}
	if err := json.Unmarshal(data, &c.rest); err != nil {
		return Config{}, err
	}
	var err error
	if c.Labels, err = labelsOf(c.rest["id2label"]); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// Validate reports all that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ModelType != "bert" {
		bad("model_type: %q, want \"bert\"", c.ModelType)
	}
	for _, f := range []struct {
		key string
		v   int
	}{
		{"vocab_size", c.VocabSize},
		{"hidden_size", c.HiddenSize},
		{"num_hidden_layers", c.NumHiddenLayers},
		{"num_attention_heads", c.NumAttentionHeads},
		{"intermediate_size", c.IntermediateSize},
		{"max_position_embeddings", c.MaxPositionEmbeddings},
		{"type_vocab_size", c.TypeVocabSize},
	} {
		if f.v <= 0 {
			bad("%s: %d, want more than 0", f.key, f.v)
		}
	}
	if c.NumAttentionHeads > 0 && c.HiddenSize%c.NumAttentionHeads != 0 {
		bad("hidden_size %d is no multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	}
	switch c.HiddenAct {
	case "gelu", "gelu_new", "gelu_pytorch_tanh", "relu":
	default:
		bad("hidden_act: %q, want gelu, gelu_new, gelu_pytorch_tanh or relu", c.HiddenAct)
	}
	for _, f := range []struct {
		key string
		p   float64
	}{
		{"hidden_dropout_prob", c.HiddenDropout},
		{"attention_probs_dropout_prob", c.AttentionDropout},
		{"classifier_dropout", c.headDropout()},
	} {
		if f.p < 0 || f.p >= 1 {
			bad("%s: %g, want at least 0 and less than 1", f.key, f.p)
		}
	}
	if c.PadTokenID < 0 || c.PadTokenID >= c.VocabSize {
		bad("pad_token_id: %d, want less than vocab_size %d", c.PadTokenID, c.VocabSize)
	}
	if kind, ok := c.rest["position_embedding_type"]; ok && string(kind) != `"absolute"` && string(kind) != "null" {
		bad("position_embedding_type: %s, want \"absolute\"", kind)
	}
	if string(c.rest["is_decoder"]) == "true" {
		bad("is_decoder: true, want false: every token is to see all others")
	}
	return errors.Join(errs...)
}

// checkTask reports a model whose head is of another task than this package's.
func (c Config) checkTask() error {
	var errs []error
	var architectures []string
	if err := c.optional("architectures", &architectures); err != nil {
		errs = append(errs, err)
	}
	const want = "ForSequenceClassification"
	if len(architectures) > 0 && !slices.ContainsFunc(architectures, func(a string) bool { return strings.HasSuffix(a, want) }) {
		errs = append(errs, fmt.Errorf("architectures: %s, want Bert%s: the model does not classify texts; fine-tune it first, with bertft train",
			strings.Join(architectures, ", "), want))
	}
	var problem string
	if err := c.optional("problem_type", &problem); err != nil {
		errs = append(errs, err)
	}
	if problem != "" && problem != singleLabel {
		errs = append(errs, fmt.Errorf("problem_type: %q, want %q: a text has one class of several", problem, singleLabel))
	}
	return errors.Join(errs...)
}

const singleLabel = "single_label_classification"

// optional reads a key that need not be there, and may be null.
func (c Config) optional(key string, to any) error {
	raw, ok := c.rest[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// defaultLabels are those of a config.json without id2label, for a head of that
// shape. Older versions of transformers wrote none for two classes.
func (c Config) defaultLabels(head []int) ([]string, error) {
	n := 2
	if err := c.optional("num_labels", &n); err != nil {
		return nil, err
	}
	if len(head) != 2 || head[0] != n {
		return nil, fmt.Errorf("no id2label: the classes are not known (num_labels is %d, the head has shape %v)", n, head)
	}
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf("LABEL_%d", i)
	}
	return labels, nil
}

func (c Config) headDropout() float64 {
	if c.ClassifierDropout != nil {
		return *c.ClassifierDropout
	}
	return c.HiddenDropout
}

// labelsOf reads {"0":"neg","1":"pos"}.
func labelsOf(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("id2label: %w", err)
	}
	labels := make([]string, len(m))
	seen := make([]bool, len(m))
	for k, v := range m {
		i, err := strconv.Atoi(k)
		if err != nil || i < 0 || i >= len(m) || seen[i] {
			return nil, fmt.Errorf("id2label: key %q, want 0 to %d", k, len(m)-1)
		}
		labels[i], seen[i] = v, true
	}
	return labels, nil
}

// MarshalJSON writes the keys that were read, with c's values, and all others as
// they came.
func (c Config) MarshalJSON() ([]byte, error) {
	out := make(map[string]any, len(c.rest)+20)
	for k, v := range c.rest {
		out[k] = v
	}
	type plain Config // without this method
	known, err := json.Marshal(plain(c))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(known, &fields); err != nil {
		return nil, err
	}
	for k, v := range fields {
		out[k] = v
	}
	// What is saved is float32, whatever the pretrained file was.
	delete(out, "torch_dtype")
	out["dtype"] = "float32"
	if c.Labels != nil {
		id2label, label2id := make(map[string]string), make(map[string]int)
		for i, l := range c.Labels {
			id2label[strconv.Itoa(i)] = l
			label2id[l] = i
		}
		delete(out, "num_labels") // another number's, it may be
		out["id2label"], out["label2id"] = id2label, label2id
		out["architectures"] = []string{"BertForSequenceClassification"}
		out["problem_type"] = singleLabel
	}
	return json.Marshal(out)
}

// checkLabels reports a class without a name, or two of one name.
func checkLabels(labels []string) error {
	seen := make(map[string]bool, len(labels))
	for i, l := range labels {
		switch {
		case l == "":
			return fmt.Errorf("class %d has no name", i)
		case seen[l]:
			return fmt.Errorf("two classes are called %q", l)
		}
		seen[l] = true
	}
	return nil
}
