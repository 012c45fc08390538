package main

import (
	"context"
	"io"
	"iter"
	"time"
)

// dataset is what both kinds of data have.
type dataset[D any, B any] interface {
	io.Closer
	Len() int
	CheckTrainable() error
	Split(fraction float64, seed uint64) (training, validation D, err error)
	Epochs(ctx context.Context, epochs, batch int, seed uint64) iter.Seq2[B, error]
}

// input opens data, checks it and holds a tenth out, as training does, and takes
// shuffled batches of 32 of the rest, so many examples in as many epochs as that
// needs. It prints how long it was until the first batch, and the rate from there.
func input[B interface{ Size() int }, D dataset[D, B]](examples int, open func() (D, error)) error {
	start := time.Now()
	d, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // only read from
	if err := d.CheckTrainable(); err != nil {
		return err
	}
	training, _, err := d.Split(0.1, 1)
	if err != nil {
		return err
	}
	var first time.Duration
	var r rate
	for b, err := range training.Epochs(context.Background(), examples/training.Len()+2, 32, 1) {
		if err != nil {
			return err
		}
		if first == 0 {
			first = time.Since(start)
			start = time.Now()
			continue
		}
		if r.Items += b.Size(); r.Items >= examples {
			break
		}
	}
	r.Seconds = time.Since(start).Seconds()
	return show(map[string]any{"examples": d.Len(), "first": first.Seconds(), "items": r.Items, "seconds": r.Seconds})
}
