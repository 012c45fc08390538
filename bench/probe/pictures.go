package main

import (
	"context"
	"time"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/vision"
)

// openPictures opens pictures as VGG16 reads them.
func openPictures(data, augment string, cacheBytes int64) (*vision.Dataset, error) {
	in := vision.Input{Size: 224, ShortSide: 256, Fit: vision.FitCrop, Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}
	if augment == "documented" { // which stretches
		in.Fit = vision.FitStretch
	}
	return vision.OpenDataset(data, vision.DataOptions{Input: in, Augment: augment, CacheBytes: cacheBytes})
}

type drawn struct {
	Data     string
	Examples int `default:"2000"`
}

// Run takes batches of augmented pictures, each decoded anew.
func (o *drawn) Run() error {
	return input[*vision.Batch](o.Examples, func() (*vision.Dataset, error) { return openPictures(o.Data, "documented", -1) })
}

type pictures struct {
	Data    string
	Epochs  int    `default:"6"`
	Batch   int    `default:"32"`
	Workers int    `default:"1"`
	Augment string `default:"documented"`
}

// Run times the epochs after the first.
func (o *pictures) Run() error {
	ctx := context.Background()
	d, err := openPictures(o.Data, o.Augment, 0)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // only read from
	plan := loader.Plan{N: d.Len(), Batch: o.Batch, Epochs: o.Epochs, Shuffle: true, Workers: o.Workers}
	build := func(ctx context.Context, epoch, _ int, idx []int) (*vision.Batch, error) {
		return d.Batch(ctx, epoch, idx)
	}
	var first, later rate
	start := time.Now()
	for item, err := range loader.Run(ctx, plan, build) {
		if err != nil {
			return err
		}
		r := &later
		if item.Epoch == 0 {
			r = &first
		}
		r.Items += item.Batch.Size()
		r.Seconds += time.Since(start).Seconds()
		start = time.Now()
	}
	return show(map[string]rate{"first": first, "cached": later})
}
