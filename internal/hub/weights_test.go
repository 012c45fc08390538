package hub

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocalWeights(t *testing.T) {
	dir := t.TempDir()
	h := newFakeHub(t)
	o := h.options(t)
	o.Weights = []string{filepath.Join(dir, "absent"), filepath.Join(dir, "one"), filepath.Join(dir, "two")}
	c := newClient(t, o)
	e := Lookup("minilm-l6-h384-uncased")
	for _, root := range []string{"one", "two"} {
		for _, f := range e.Files {
			name := filepath.Join(dir, root, e.Name, f.Path)
			write(t, name, nil)
			if err := os.Truncate(name, f.Size); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := c.Resolve(t.Context(), e.Name, Text)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "one", e.Name)
	want := Resolved{Dir: folder, Source: folder, Entry: e, Files: []string{
		"config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
	}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if len(h.Log) != 0 {
		t.Error("a bundled model needs no server")
	}

	if err := os.Truncate(filepath.Join(folder, "model.safetensors"), 100); err != nil {
		t.Fatal(err)
	}
	_, err = c.Resolve(t.Context(), e.Name, Text)
	mustContain(t, err, "model.safetensors has 100 bytes, want 45441944")
	if err := os.Remove(filepath.Join(folder, "vocab.txt")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "config.json"), []byte("edited by hand"))
	if err := os.Truncate(filepath.Join(folder, "model.safetensors"), 45441944); err != nil {
		t.Fatal(err)
	}
	_, err = c.Resolve(t.Context(), e.Name, Text)
	mustContain(t, err, "vocab.txt is missing from "+folder)
}

// Files of a model that is not bundled may be put among the weights by hand.
func TestLocalWeightsByHand(t *testing.T) {
	dir := t.TempDir()
	h := newFakeHub(t)
	o := h.options(t)
	o.Offline = true
	o.Weights = []string{dir}
	c := newClient(t, o)

	folder := filepath.Join(dir, "bert-large-uncased")
	write(t, filepath.Join(folder, "config.json"), nil)
	_, err := c.Resolve(t.Context(), "bert-large-uncased", Text)
	mustContain(t, err, "model.safetensors is missing from "+folder)
	write(t, filepath.Join(folder, "pytorch_model.bin"), nil)
	write(t, filepath.Join(folder, "vocab.txt"), nil)
	if r, err := c.Resolve(t.Context(), "bert-large-uncased", Text); err != nil || r.Dir != folder {
		t.Errorf("%+v, %v", r, err)
	}
	// Another revision than the manifest's is not what lies there.
	if _, err := c.Resolve(t.Context(), "bert-large-uncased@v2", Text); err == nil {
		t.Error("another revision was taken for the one at hand")
	}

	pth := filepath.Join(dir, "vgg11", "vgg11-8a719046.pth")
	write(t, pth, nil)
	if r, err := c.Resolve(t.Context(), "vgg11", Vision); err != nil || r.File != pth || r.Dir != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// Without the weights folder the demo's model comes from the hub, in float32.
func TestLocalWeightsInstead(t *testing.T) {
	h := newFakeHub(t)
	o := h.options(t)
	o.Offline = true
	_, err := newClient(t, o).Resolve(t.Context(), "minilm-l6-h384-uncased", Text)
	mustContain(t, err, "offline", "sentence-transformers/all-MiniLM-L6-v2")
}

func TestNear(t *testing.T) {
	for ref, want := range map[string][]string{
		"bert-base-uncase":         {"bert-base-uncased"},
		"Google/Bert-Base-Uncased": {"bert-base-uncased"},
		"resnet-50":                {"resnet50"},
		"vgg16bn":                  {"vgg16_bn"},
		"minilm":                   {"minilm-l6-h384-uncased", "all-minilm-l6-v2"},
		"gpt2":                     nil,
		"":                         nil,
		"org/":                     nil,
	} {
		got := near(ref)
		if len(want) == 1 && len(got) > 1 {
			got = got[:1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("near(%q):\n%s", ref, diff)
		}
	}
	if d := editDistance("kitten", "sitting"); d != 3 {
		t.Errorf("distance %d, want 3", d)
	}
}
