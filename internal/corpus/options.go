package corpus

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Header says whether a CSV or TSV file begins with a row of column names.
type Header string

// The answers to that.
const (
	HeaderAuto Header = "auto" // decided by the first rows, see Open; also ""
	HeaderYes  Header = "yes"
	HeaderNo   Header = "no"
)

// Columns are columns of a table by name, or by 1-based number where it has no names;
// "" is none.
type Columns struct{ Text, Pair, Label string }

// Options of Open. The zero value reads labelled examples of all splits and
// finds the columns by itself.
type Options struct {
	// Columns of a table, by name or 1-based number; "" finds them.
	TextColumn, PairColumn, LabelColumn string
	// Trained are the columns of the data that a model was trained on: those of them
	// that a table has are taken where the options name none, and the Report tells of
	// the others.
	Trained Columns
	Header  Header

	// Labels fixes the classes and their order, as those of an existing model;
	// another label is an error, but of the test split beside others: there it is none.
	// Where no label of the data is among them and all, but for the test split's, are
	// integers from 0 to len(Labels)-1, they are taken as indices.
	Labels []string

	// LabelsOptional accepts examples without a label, or with one that is not
	// in Labels: their Label is NoLabel. For prediction.
	LabelsOptional bool

	// Split reads one split alone: "train", "val" or "test", or another usual
	// name of it such as "dev".
	Split string

	// SkipBad leaves out rows that cannot be read or have no label, and counts
	// them in the Report. By default the first one is an error.
	SkipBad bool

	// SpoolLimit is how many bytes of decompressed text are held in memory
	// before a temporary file takes their place; 0 is 64 MiB.
	SpoolLimit int64
	// TempDir is where that file is made; "" is os.TempDir.
	TempDir string
}

const defaultSpoolLimit = 64 << 20

// Validate reports every fault of the options at once.
func (o Options) Validate() error {
	var errs []error
	if !slices.Contains([]Header{"", HeaderAuto, HeaderYes, HeaderNo}, o.Header) {
		errs = append(errs, fmt.Errorf("header %q: want auto, yes or no", o.Header))
	}
	if o.Split != "" && splitOf(o.Split) == "" {
		errs = append(errs, fmt.Errorf("split %q: want train, val or test", o.Split))
	}
	chosen := map[string]string{}
	for _, c := range []struct{ role, column string }{
		{"text", o.TextColumn}, {"pair", o.PairColumn}, {"label", o.LabelColumn},
	} {
		if other, ok := chosen[c.column]; ok && c.column != "" {
			errs = append(errs, fmt.Errorf("column %q is asked for as %s and as %s", c.column, other, c.role))
		}
		chosen[c.column] = c.role
	}
	seen := map[string]bool{}
	for _, l := range o.Labels {
		if seen[l] {
			errs = append(errs, fmt.Errorf("label %q is given twice", l))
		}
		seen[l] = true
	}
	if o.SpoolLimit < 0 {
		errs = append(errs, fmt.Errorf("spool limit %d is negative", o.SpoolLimit))
	}
	return errors.Join(errs...)
}

func (o Options) newSpool() *spool {
	limit, dir := o.SpoolLimit, o.TempDir
	if limit == 0 {
		limit = defaultSpoolLimit
	}
	if dir == "" {
		dir = os.TempDir()
	}
	return &spool{limit: limit, dir: dir}
}
