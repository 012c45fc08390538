// Command bertft fine-tunes BERT on labelled text. Its defaults are the
// documented recipe.
package main

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

type grammar struct {
	Train    trainCmd         `cmd:"" help:"Fine-tune a pretrained BERT on labelled text."`
	Resume   resumeCmd        `cmd:"" help:"Go on with a run from its last checkpoint, exactly as if it had never stopped."`
	Eval     evalCmd          `cmd:"" help:"Measure a model on labelled text."`
	Predict  predictCmd       `cmd:"" help:"Classify texts: a JSON line for each."`
	Features featuresCmd      `cmd:"" help:"Write each text's features, for other programs to learn from: .npy or .parquet."`
	Export   exportCmd        `cmd:"" help:"Write a model alone, as Hugging Face opens it, also in half precision."`
	Tokenize tokenizeCmd      `cmd:"" help:"Show the tokens of the lines on stdin: a JSON line for each."`
	Plan     planCmd          `cmd:"" help:"Foretell a run: what its data is like, what trains, what memory and time it takes, what may go wrong. Trains nothing."`
	LR       lrCmd            `cmd:"" name:"lr" help:"Find a learning rate: sweep it over a few batches of a run that train would begin; the model stays as it is."`
	Doctor   cli.DoctorCmd    `cmd:"" help:"Show what is there and what is missing: libtorch, devices, caches."`
	Version  kong.VersionFlag `help:"Print the version and leave."`
}

func main() {
	cli.PassiveThreads()
	os.Exit(cli.Program{
		Name:        "bertft",
		Description: "Fine-tune BERT on labelled text.\n\nThe defaults are the documented recipe: bert-base-uncased, AdamW 5e-5 linear to 0, weight decay 0.01, clipping at 1.0, 512 tokens, batch 8, 3 epochs, an 80/20 split.",
		Grammar:     &grammar{},
		Vars: kong.Vars{
			"version": cli.Version(), "schedules": strings.Join(schedule.Names(), ", "), "metrics": strings.Join(train.Metrics(), ","),
			"epochs": "3", "batch": "8", "lr": "5e-5", "schedule": "linear", "weightdecay": "0.01", "clip": "1.0", "freeze": "",
			"freezehelp":   "groups, with * and [0-3], or names of parameters, and ! for what does: embeddings, layer.0 and so on, head with the pooler; without it, none",
			"unfreezehelp": "head@0,layer.5@1",
		},
	}.Main(os.Args[1:]))
}
