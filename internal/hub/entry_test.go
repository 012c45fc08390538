package hub

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestResolveEntry(t *testing.T) {
	h := newFakeHub(t)
	h.Add("prajjwal1/bert-tiny", commitA, map[string][]byte{
		"config.json": []byte("{}"), "vocab.txt": []byte("[PAD]"), "pytorch_model.bin": noise(100, 1),
	})
	o := h.options(t)
	c := newClient(t, o)
	r, err := c.Resolve(t.Context(), "bert-tiny", Text)
	if err != nil || r.Entry == nil || r.Entry.Name != "bert-tiny" || r.Source != h.URL+"/prajjwal1/bert-tiny" {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = c.Resolve(t.Context(), "bert-tiny", Vision)
	if !errors.Is(err, ErrUsage) {
		t.Errorf("%v, want ErrUsage", err)
	}
	mustContain(t, err, "bert-tiny", "text", "vision")
	_, err = c.Resolve(t.Context(), "resnet50-imagenet", Vision)
	mustContain(t, err, "resnet50-imagenet", "GOTUNE_WEIGHTS")
}

// A name is only what the manifest says it is, whatever the hub holds today.
func TestResolveEntryPinned(t *testing.T) {
	files := bert()
	h := newFakeHub(t)
	h.Add("google-bert/bert-base-cased", commitA, files)
	o := h.options(t)
	c := newClient(t, o)
	want := Lookup("bert-base-cased").pins()["model.safetensors"]
	_, err := c.Resolve(t.Context(), "bert-base-cased", Text)
	var wrong *IntegrityError
	if !errors.As(err, &wrong) || wrong.Want != want {
		t.Fatalf("%v, want an IntegrityError", err)
	}
	mustContain(t, err, "model.safetensors", "google-bert/bert-base-cased", "mirror")
	if h.Count("GET", "model.safetensors") != 0 {
		t.Error("it was fetched nevertheless")
	}
	// Its id takes it as it is, and then the name still does not.
	if _, err := c.Resolve(t.Context(), "google-bert/bert-base-cased", Text); err != nil {
		t.Errorf("by id: %v", err)
	}
	if _, err := c.Resolve(t.Context(), "bert-base-cased", Text); !errors.As(err, &wrong) {
		t.Errorf("from the cache: %v, want an IntegrityError", err)
	}
}

// transformers used to keep bert-tiny's like under ids without an organisation.
func TestResolveLegacy(t *testing.T) {
	h := newFakeHub(t)
	o := h.options(t)
	o.Offline = true
	s, err := newClient(t, o).snapshot("bert-large-cased", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.commit = commitA
	for name, data := range bert() {
		write(t, s.blob("tag"+name), data)
		if err := s.link("tag"+name, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.record(); err != nil {
		t.Fatal(err)
	}
	r, err := newClient(t, o).Resolve(t.Context(), "bert-large-cased", Text)
	if err != nil || filepath.Base(filepath.Dir(filepath.Dir(r.Dir))) != "models--bert-large-cased" {
		t.Errorf("%+v, %v", r, err)
	}
}
