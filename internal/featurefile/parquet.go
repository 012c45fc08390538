package featurefile

import (
	"fmt"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
)

// record is a row as pandas and Arrow read it: feature is a list of float32.
type record struct {
	Input   string    `parquet:"input"`
	Label   *string   `parquet:"label,optional"`
	Feature []float32 `parquet:"feature,list"`
}

// groupBytes bounds what is held in memory, and what a reader must read at once,
// however wide the rows are.
const groupBytes = 32 << 20

type table struct {
	f     *renameio.PendingFile
	w     *parquet.GenericWriter[record]
	width int
	done  int
}

func createParquet(path string) (*table, error) {
	f, err := pending(path)
	if err != nil {
		return nil, err
	}
	return &table{f: f, w: parquet.NewGenericWriter[record](f, parquet.Compression(&parquet.Snappy))}, nil
}

func (t *table) Write(r Row) error {
	if t.done == 0 {
		t.width = len(r.Values)
	}
	if len(r.Values) != t.width {
		return fmt.Errorf("%s: %d features, where those before have %d", r.Input, len(r.Values), t.width)
	}
	input, label := r.text()
	rec := record{Input: input, Feature: r.Values}
	if label != "" {
		rec.Label = &label
	}
	if _, err := t.w.Write([]record{rec}); err != nil {
		return err
	}
	t.done++
	if t.done%max(1, groupBytes/max(4*t.width, 1024)) == 0 {
		return t.w.Flush()
	}
	return nil
}

func (t *table) Close() error {
	if err := t.w.Close(); err != nil {
		t.Abort()
		return err
	}
	return t.f.CloseAtomicallyReplace()
}

func (t *table) Abort() { _ = t.f.Cleanup() } // nothing of it is wanted
