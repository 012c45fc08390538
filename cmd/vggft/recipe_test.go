package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

// With no flag the run is the documented recipe. That its last block and its head
// train shows in testdata/script/model.txtar.
func TestDocumentedRecipe(t *testing.T) {
	var g grammar
	p := program(&g)
	parser, err := kong.New(&g, kong.Name(p.Name), p.Vars)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"train", "photos"}); err != nil {
		t.Fatal(err)
	}
	o := g.Train.options
	type recipe struct {
		Model, Head, Normalize, Schedule string
		Batch, Epochs                    int
		LR, ValFraction, Clip, Mixup     float64
		LabelSmoothing                   float64
		Dropout                          *float64
	}
	want := recipe{
		Model: "vgg16", Head: vision.Documented, Normalize: "auto", Schedule: "constant",
		Batch: 32, Epochs: 10, LR: 1e-4, ValFraction: 0.2,
	}
	got := recipe{
		o.Model, o.Head, o.Normalize, o.Schedule, o.Batch, o.Epochs,
		o.LR, o.ValFraction, o.Clip, o.Mixup, o.LabelSmoothing, o.Dropout,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	augment, err := pixels.ParseAugment(o.Augment)
	if err != nil {
		t.Fatal(err)
	}
	// Rotation by 20 degrees at most, zoom by 15 % on each axis, flip, the whole
	// picture stretched to the square, what lies outside filled by the nearest pixel.
	wantAugment := pixels.Augment{Fit: pixels.FitStretch, Rotate: 20, Zoom: 0.15, FlipH: true}
	if diff := cmp.Diff(wantAugment, augment); diff != "" {
		t.Errorf("--augment: -want +got:\n%s", diff)
	}
	wantAdam := train.AdamOptions{Coupled: true, Eps: 1e-7, WeightDecay: -1}
	if diff := cmp.Diff(wantAdam, o.adam(), cmp.Comparer(func(a, b func(*torch.Parameter) bool) bool { return a == nil && b == nil })); diff != "" {
		t.Errorf("optimiser: -want +got:\n%s", diff)
	}
	if o.fit() != vision.FitStretch {
		t.Errorf("fit %q, want %q", o.fit(), vision.FitStretch)
	}
	cfg := vision.DefaultConfig("vgg16", o.Head, []string{"ants", "bees"})
	if cfg.ImageSize != 224 {
		t.Errorf("pictures of %d pixels, want 224", cfg.ImageSize)
	}
}
