package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

// conflicts returns the flags that are fine each, and contradict one another or
// do nothing together.
func (f TrainFlags) conflicts() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.EarlyStop > 0 && f.Epochs > 0 && f.EarlyStop >= f.Epochs {
		bad("--early-stop %d: the run's --epochs %d are over before so many have gone by without a better one", f.EarlyStop, f.Epochs)
	}
	if f.UnfreezeWarmup != "" && f.UnfreezeWarmup != "0" && strings.TrimSpace(f.Unfreeze) == "" {
		bad("--unfreeze-warmup: without --unfreeze nothing thaws")
	}
	frozen := terms(f.Freeze)
	for term, when := range thawed(f.Unfreeze) {
		if frozen[term] && when.N == 0 {
			bad("--freeze, --unfreeze: %s is frozen, and to train from the start", term)
		}
	}
	if frozen["all"] && len(frozen) == 1 && len(thawed(f.Unfreeze)) == 0 {
		bad("--freeze all: nothing trains; leave something out, such as all,!head")
	}
	if f.LayerDecay != "" && !strings.Contains(f.LayerDecay, "=") { // a list wants the model's groups
		if _, err := schedule.ParseLayerDecay(f.LayerDecay, nil); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// terms are the parts of a --freeze list.
func terms(list string) map[string]bool {
	out := make(map[string]bool)
	for term := range strings.SplitSeq(list, ",") {
		if term = strings.TrimSpace(term); term != "" {
			out[term] = true
		}
	}
	return out
}

// thawed are the parts of an --unfreeze list that name something, and when it
// begins to train. What cannot be read is freeze.Parse's to report.
func thawed(list string) map[string]freeze.Point {
	out := make(map[string]freeze.Point)
	for item := range strings.SplitSeq(list, ",") {
		what, when, ok := strings.Cut(item, "@")
		if !ok {
			continue
		}
		if point, err := freeze.ParsePoint(when); err == nil {
			out[strings.TrimSpace(what)] = point
		}
	}
	return out
}

// CheckData reports, once the data is known and before weights are read, the
// flags that do not fit so many training examples, or no validation data.
func (f TrainFlags) CheckData(training int, validation bool) error {
	perEpoch := (training + f.Batch - 1) / f.Batch
	_, err := f.schedule(perEpoch * f.Epochs)
	errs := []error{err}
	if !validation {
		errs = append(errs, f.withoutValidation())
	}
	return Usage(errors.Join(errs...))
}

// withoutValidation reports the flags that wait for validation's results.
func (f TrainFlags) withoutValidation() error {
	var errs []error
	bad := func(flag string) { errs = append(errs, fmt.Errorf("%s: there is no validation data to watch", flag)) }
	if f.EarlyStop > 0 {
		bad("--early-stop")
	}
	if f.BestBy != string(train.ByAccuracy) {
		bad("--best-by")
	}
	if f.EvalFirst {
		bad("--eval-first")
	}
	if f.Schedule == "plateau" {
		bad("--schedule plateau")
	}
	if strings.Contains(f.Unfreeze, "plateau") {
		bad("--unfreeze plateau")
	}
	return Usage(errors.Join(errs...))
}
