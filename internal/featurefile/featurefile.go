// Package featurefile writes a row of numbers for each example of a data set, as
// NumPy or as Parquet, for other programs to learn from.
//
// Rows go to disk as they come, so memory does not grow with the data. A file is
// there once it is whole; until then, and for ever where something goes wrong,
// what was there before stays.
package featurefile

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Row is one example's.
type Row struct {
	Input  string    // what it is: a file, or a file and its row
	Label  string    // "": unknown
	Values []float32 // as many for every example
}

// text returns input and label as readers want them: a file's name may be any bytes,
// but pandas refuses a table, and Parquet forbids a string, that is not UTF-8.
func (r Row) text() (input, label string) {
	return strings.ToValidUTF8(r.Input, "\ufffd"), strings.ToValidUTF8(r.Label, "\ufffd")
}

// Writer takes rows. Close ends the file and puts it in its place; Abort, which is
// harmless after it, leaves no trace.
type Writer interface {
	Write(Row) error
	Close() error
	Abort()
}

// Create begins a file of n rows, in the format that its name ends with: .npy, a
// float32 matrix [n,D] with inputs and labels in a table beside it, or .parquet,
// all in one.
func Create(path string, n int) (Writer, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".npy" {
		return createNPY(path, n)
	}
	return createParquet(path)
}

// Check reports a name whose ending is no format's.
func Check(path string) error {
	switch filepath.Ext(path) {
	case ".npy", ".parquet":
		return nil
	}
	return fmt.Errorf("%s: want a name that ends with .npy or .parquet", path)
}

// LabelsPath returns where a .npy file's inputs and labels are: F.labels.csv
// beside F.npy.
func LabelsPath(path string) string { return strings.TrimSuffix(path, ".npy") + ".labels.csv" }
