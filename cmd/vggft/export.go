package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/vision"
)

type exportCmd struct{ cli.ExportFlags }

// Run is called by kong.
func (c *exportCmd) Run(ctx context.Context, env *cli.Env) error {
	found, err := cli.FindModel(ctx, env, c.Model, "vision")
	if err != nil {
		return err
	}
	cfg, err := vision.ConfigOf(found.Path, vision.LoadOptions{})
	if err != nil {
		return cli.Usage(err)
	}
	if err := cli.Export(found.Path, c.ExportFlags, nil); err != nil {
		return err
	}
	args := ""
	if cfg.NormEps != 0 {
		args = fmt.Sprintf(", norm_layer=lambda n: torch.nn.BatchNorm2d(n, eps=%g)", cfg.NormEps)
	}
	out := fmt.Sprintf("import safetensors.torch, torch, torchvision\nmodel = torchvision.models.%s(num_classes=%d%s)\n",
		cfg.Architecture, len(cfg.Labels), args)
	if vgg := strings.HasPrefix(cfg.Architecture, "vgg"); cfg.Head == vision.Documented || vgg && cfg.Head == vision.Linear {
		out += "# The head is not torchvision's: build it first, as load in hack/compare-torchvision.py does.\n"
	}
	if cfg.StrideIn1x1 { // else the weights load, and predict something else
		out += "for stage in (model.layer2, model.layer3, model.layer4):\n    stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)\n"
	}
	_, err = fmt.Fprintf(env.Stdout, "%smodel.load_state_dict(safetensors.torch.load_file(%q))\n", out, filepath.Join(c.To, "model.safetensors"))
	return err
}
