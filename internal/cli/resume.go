package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/internal/report"
)

// ResumeFlags are the flags of resume.
type ResumeFlags struct {
	AllowChange []string `help:"Go on although these have changed: data, model, version, machine, options, or the name of a flag of train." placeholder:"WHAT,..."`
	Device      string   `help:"Another device than the run's: auto, cpu, cuda or cuda:N; with --allow-change machine." placeholder:"DEVICE"`
	JSON        bool     `name:"json" help:"End with one JSON object on stdout."`
}

// Validate reports a name that cannot be one, and a device that is not there.
func (f ResumeFlags) Validate() error {
	var errs []error
	if f.Device != "" {
		p := Processor{Device: f.Device}
		errs = append(errs, p.Validate(), p.Check())
	}
	for _, name := range f.AllowChange {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(name, "-") == "" {
			errs = append(errs, badChange(name))
		}
	}
	return errors.Join(errs...)
}

// Apply puts what was given in the place of the own options of a run, as it was in the
// folder run, and reports what is wrong with them by then.
func (f ResumeFlags) Apply(was RunFile, run string, m *Machine, options interface{ Validate() error }) error {
	m.Device = cmp.Or(f.Device, m.Device)
	given, err := pairs(options)
	if err != nil {
		return err
	}
	path := filepath.Join(run, runName)
	if err := errors.Join(was.unknownOptions(path, given), f.checkNames(given)); err != nil {
		return Usage(err)
	}
	if err := options.Validate(); err != nil {
		hint := ""
		if m.Check() != nil && f.Device == "" {
			hint = "\nto go on with another device: --device cpu --allow-change machine"
		}
		return Usagef("the options in %s: %w%s", path, err, hint)
	}
	return was.moved(path, given)
}

// checkNames reports what is let through and is nothing that could have changed.
func (f ResumeFlags) checkNames(given []report.Pair) error {
	var errs []error
	for _, name := range f.AllowChange {
		if !slices.Contains(strings.Split(changeNames, ", "), name) && !hasOption(given, name) {
			errs = append(errs, badChange(name))
		}
	}
	return errors.Join(errs...)
}

func hasOption(options []report.Pair, name string) bool {
	return slices.ContainsFunc(options, func(p report.Pair) bool { return p.Name == name })
}

// unknownOptions reports what stands under options in a run's file and is none:
// passed over, a misspelt one would keep its default.
func (r RunFile) unknownOptions(path string, known []report.Pair) error {
	var errs []error
	for i := 0; i+1 < len(r.given.Content); i += 2 {
		if key := r.given.Content[i]; !hasOption(known, key.Value) {
			errs = append(errs, fmt.Errorf("%s:%d: unknown option %q", path, key.Line, key.Value))
		}
	}
	return errors.Join(errs...)
}

// moved reports data and a model that are not where the run has them, and how to go
// on all the same.
func (r RunFile) moved(path string, given []report.Pair) error {
	of := make(map[string]string)
	for _, p := range given {
		of[p.Name] = p.Value
	}
	err := CheckData(of["data"], of["val"])
	if r.lacksModel(of["model"]) {
		err = errors.Join(err, fmt.Errorf("--model: %s: no such file or directory", of["model"]))
	}
	if err == nil {
		return nil
	}
	return Usagef("%w\nwhere they have moved: write the new paths under options in %s (data, val, model), and resume again", err, path)
}

// lacksModel says whether the model was a file or a folder, and is gone. One of the
// hub, or with a well-known name, is found again or fetched.
func (r RunFile) lacksModel(ref string) bool {
	source := r.Model.Source
	if ref == "" || source == "" || r.Model.Revision != "" || strings.Contains(source, "://") || hub.Lookup(ref) != nil || exists(hub.ExpandHome(ref)) {
		return false
	}
	if !filepath.IsAbs(source) {
		source = filepath.Join(r.Folder, source)
	}
	return !exists(source)
}
