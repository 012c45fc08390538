// Command vggft fine-tunes VGG and ResNet on folders of pictures. Its defaults
// are the documented recipe.
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
	Train    trainCmd         `cmd:"" help:"Fine-tune a pretrained network on folders of pictures."`
	Resume   resumeCmd        `cmd:"" help:"Go on with a run from its last checkpoint, exactly as if it had never stopped."`
	Eval     evalCmd          `cmd:"" help:"Measure a model on folders of pictures."`
	Predict  predictCmd       `cmd:"" help:"Classify pictures: a JSON line for each."`
	Features featuresCmd      `cmd:"" help:"Write each picture's features, from any layer, for other programs to learn from: .npy or .parquet."`
	Export   exportCmd        `cmd:"" help:"Write a model alone, as torchvision loads it, also in half precision."`
	Plan     planCmd          `cmd:"" help:"Foretell a run: what its data is like, what trains, what memory and time it takes, what may go wrong. Trains nothing."`
	LR       lrCmd            `cmd:"" name:"lr" help:"Find a learning rate: sweep it over a few batches of a run that train would begin; the model stays as it is."`
	Doctor   doctorCmd        `cmd:"" help:"Show what is there and what is missing: libtorch, devices, caches."`
	Version  kong.VersionFlag `help:"Print the version and leave."`
}

func main() {
	cli.PassiveThreads()
	os.Exit(program(&grammar{}).Main(os.Args[1:]))
}

// program is vggft, which parses its arguments into g.
func program(g *grammar) cli.Program {
	return cli.Program{
		Name:        "vggft",
		Description: "Fine-tune VGG and ResNet on folders of pictures.\n\nThe defaults are the documented recipe: VGG16 with ImageNet weights, block5 and a new head (256, 128, classes) trained by Adam at 1e-4, batch 32, 10 epochs, pictures rotated, zoomed and flipped, an 80/20 split.",
		Grammar:     g,
		Vars: kong.Vars{
			"version": cli.Version(), "schedules": strings.Join(schedule.Names(), ", "), "metrics": strings.Join(train.Metrics(), ","),
			"epochs": "10", "batch": "32", "lr": "1e-4", "schedule": "constant", "weightdecay": "0", "clip": "0", "freeze": "",
			"freezehelp":   "groups, with * and [1-3], or names of parameters, and ! for what does: block1 to block5 of VGG, stem and layer1 to layer4 of ResNet, head; or none; without it, all but the last block and the head",
			"unfreezehelp": "head@0,block5@1",
		},
	}
}
