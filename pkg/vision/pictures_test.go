package vision_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/vision"
)

// Pictures and folders of them keep the order in which they were named, and a
// part of them its own.
func TestOpenPicturesInOrder(t *testing.T) {
	dir := pictures(t, 2)
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	d, err := vision.OpenPictures([]string{at("bees", "1.png"), at("ants"), at("bees", "0.png"), at("bees")},
		vision.DataOptions{Input: vision.Input{Size: 8, ShortSide: 9}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	names := func(d *vision.Dataset) (out []string) {
		for i := range d.Len() {
			out = append(out, d.Name(i))
		}
		return out
	}
	want := []string{
		at("bees", "1.png"), at("ants", "0.png"), at("ants", "1.png"),
		at("bees", "0.png"), at("bees", "0.png"), at("bees", "1.png"),
	}
	if got := names(d); !slices.Equal(got, want) {
		t.Errorf("pictures %q, want %q", got, want)
	}
	if got, want := names(d.Select([]int{5, 0, 2})), []string{want[5], want[0], want[2]}; !slices.Equal(got, want) {
		t.Errorf("selected %q, want %q", got, want)
	}
}
