package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// EvalFlags are the flags of eval that do not depend on the kind of model.
type EvalFlags struct {
	Compare   string `help:"A second model, on the same data: which is better, and may that be chance? McNemar's test." placeholder:"MODEL" group:"Results"`
	TopLosses int    `default:"10" help:"Examples to show on which the model is most wrong: ${default} unless given, 0 for none." placeholder:"N" group:"Results"`
	Report    string `help:"Also write the results as a page to look at." placeholder:"FILE.html" group:"Results"`
	JSON      bool   `name:"json" help:"End with one JSON object on stdout." group:"Results"`
}

// Validate reports every fault at once. A report that could not be written is
// told before an evaluation that may take hours.
func (f EvalFlags) Validate() error {
	var errs []error
	if f.TopLosses < 0 {
		errs = append(errs, fmt.Errorf("--top-losses: %d, want 0 (none) or more", f.TopLosses))
	}
	if f.Report != "" {
		if info, err := os.Stat(f.Report); err == nil && info.IsDir() {
			errs = append(errs, fmt.Errorf("--report: %s is a folder, want a file", f.Report))
		}
		dir := filepath.Dir(f.Report)
		if info, err := os.Stat(dir); err != nil {
			errs = append(errs, fmt.Errorf("--report: %w", err))
		} else if !info.IsDir() {
			errs = append(errs, fmt.Errorf("--report: %s is no folder", dir))
		}
	}
	return errors.Join(errs...)
}
