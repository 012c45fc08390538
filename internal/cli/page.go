package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"go.yaml.in/yaml/v4"

	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// runPage is the report of a run, without what its folder tells.
func runPage[B train.Batch](env *Env, t Task[B], o TrainOptions, run RunFile, plan *freeze.Plan) (report.Page, error) {
	options, err := pairs(o.Options)
	if err != nil {
		return report.Page{}, err
	}
	p := report.Page{
		Program: env.Program, Title: o.Out, Model: nearby(t.Source), Unit: t.Unit, Classes: t.Model.Classes(),
		Data: report.Data{
			Training: run.Data.Training, Validation: run.Data.Validation, Fingerprint: run.Data.Fingerprint,
			ByClass: countLabels(t.Train.Labels(), len(t.Model.Classes())), Notes: t.Notes,
		},
		Options: options, Versions: versions(run), Next: nextCommands(env, o.Out),
	}
	params := train.FreezeParams(t.Model)
	for _, g := range plan.Groups() {
		group := report.Group{Name: g.Name}
		for _, i := range g.Params {
			group.Parameters += params[i].Numel
		}
		p.Groups = append(p.Groups, group)
	}
	return p, nil
}

func nextCommands(env *Env, run string) []report.Command {
	at := ShellWord(run)
	return []report.Command{
		{What: "measure it on other data", Line: fmt.Sprintf("%s eval %s DATA", env.Program, at)},
		{What: "use it", Line: fmt.Sprintf("%s predict %s …", env.Program, at)},
		{What: "go on, should it have stopped", Line: env.resume(run)},
		{What: "the curves in TensorBoard", Line: "tensorboard --logdir " + at},
	}
}

// pairs lists the flags of a verb, resolved, in their order.
func pairs(options any) ([]report.Pair, error) {
	data, err := yaml.Marshal(options)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	var out []report.Pair
	top := doc.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		value := top[i+1].Value
		if top[i+1].Tag == "!!null" {
			value = ""
		}
		out = append(out, report.Pair{Name: top[i].Value, Value: value})
	}
	return out, nil
}

func versions(run RunFile) []report.Pair {
	return []report.Pair{
		{Name: "gotune", Value: run.Versions.Gotune},
		{Name: "Go", Value: run.Versions.Go},
		{Name: "libtorch", Value: run.Versions.Libtorch},
		{Name: "device", Value: run.Machine.Device},
		{Name: "precision", Value: run.Machine.Precision},
		{Name: "threads", Value: fmt.Sprintf("%d of %d cores", run.Machine.Threads, runtime.NumCPU())},
		{Name: "processor", Value: torch.CPUCapability()},
	}
}

func countLabels(labels []int, classes int) []int {
	count := make([]int, classes)
	for _, y := range labels {
		if y >= 0 && y < classes {
			count[y]++
		}
	}
	return count
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
