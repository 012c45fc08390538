package hub

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOffline(t *testing.T) {
	h := newFakeHub(t)
	h.Add("org/name", commitA, bert())
	h.Add("google-bert/bert-base-uncased", commitA, nil)
	o := h.options(t)
	if _, err := newClient(t, o).Resolve(t.Context(), "org/name", Text); err != nil {
		t.Fatal(err)
	}
	before := len(h.Log)
	o.Offline = true
	c := newClient(t, o)
	r, err := c.Resolve(t.Context(), "org/name", Text)
	if err != nil || r.Revision != commitA || len(r.Files) != 5 {
		t.Fatalf("offline: %+v, %v", r, err)
	}

	_, err = c.Resolve(t.Context(), "org/other", Text)
	if !errors.Is(err, ErrOffline) || errors.Is(err, ErrUsage) {
		t.Errorf("%v, want ErrOffline", err)
	}
	mustContain(t, err, "config.json of org/other", "models--org--other", o.CacheDir)

	c.o.Weights = []string{"/w"}
	_, err = c.Resolve(t.Context(), "bert-base-uncased", Text)
	mustContain(t, err, "offline", "config.json of google-bert/bert-base-uncased", "/w/bert-base-uncased")

	// A fetch that was cut off before the weights says that they are missing.
	if err := os.Remove(filepath.Join(r.Dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	_, err = c.Resolve(t.Context(), "org/name", Text)
	mustContain(t, err, "offline", "model.safetensors of org/name")
	if len(h.Log) != before {
		t.Error("offline, yet the server was asked")
	}
}

// The hub is down, or the network is: the cache serves, once it has everything.
func TestUnreachable(t *testing.T) {
	h := newFakeHub(t)
	h.Add("org/name", commitA, bert())
	o := h.options(t)
	if _, err := newClient(t, o).Resolve(t.Context(), "org/name", Text); err != nil {
		t.Fatal(err)
	}
	h.Close()
	c := newClient(t, o)
	if r, err := c.Resolve(t.Context(), "org/name", Text); err != nil || r.Revision != commitA {
		t.Errorf("cached: %+v, %v", r, err)
	}
	_, err := c.Resolve(t.Context(), "org/other", Text)
	mustContain(t, err, "config.json of org/other", h.URL, "refused", "without a network", "copy models--org--other to "+o.CacheDir)
	if errors.Is(err, ErrOffline) || errors.Is(err, ErrUsage) {
		t.Errorf("%v is neither ErrOffline nor ErrUsage", err)
	}
}
