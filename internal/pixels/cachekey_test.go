package pixels

import (
	"testing"
	"time"
)

func TestKey(t *testing.T) {
	at := time.Unix(5, 7)
	keys := map[Key]string{}
	for name, k := range map[string]Key{
		"base":        NewKey("/a.jpg", 1, at, 256, DecodeOptions{}),
		"path":        NewKey("/b.jpg", 1, at, 256, DecodeOptions{}),
		"size":        NewKey("/a.jpg", 2, at, 256, DecodeOptions{}),
		"change":      NewKey("/a.jpg", 1, at.Add(1), 256, DecodeOptions{}),
		"side":        NewKey("/a.jpg", 1, at, 224, DecodeOptions{}),
		"orientation": NewKey("/a.jpg", 1, at, 256, DecodeOptions{KeepOrientation: true}),
	} {
		if other, ok := keys[k]; ok {
			t.Errorf("%s and %s have the same key", name, other)
		}
		keys[k] = name
	}
	if NewKey("/a.jpg", 1, at.UTC(), 256, DecodeOptions{}) != NewKey("/a.jpg", 1, at.Local(), 256, DecodeOptions{MaxPixels: 5}) {
		t.Error("the same picture has two keys")
	}
}
