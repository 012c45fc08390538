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
	_, err = fmt.Fprint(env.Stdout, torchvisionLines(cfg, filepath.Join(c.To, "model.safetensors")))
	return err
}

// torchvisionLines is the Python that builds the network of cfg with the weights
// in a file.
func torchvisionLines(cfg vision.Config, weights string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	vgg := strings.HasPrefix(cfg.Architecture, "vgg")
	normed := !vgg || strings.HasSuffix(cfg.Architecture, "_bn")
	line("import safetensors.torch, torch, torchvision")
	line("from torch import nn")
	line("model = torchvision.models.%s(num_classes=%d)", cfg.Architecture, cfg.NumLabels)
	if normed && cfg.NormEps != 0 {
		line("for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):")
		line("    norm.eps = %g", cfg.NormEps)
	}
	layer, in := "fc", "model.fc.in_features"
	if vgg {
		side := cfg.ImageSize / 32
		layer, in = "classifier", fmt.Sprint(512*side*side)
	}
	switch {
	case cfg.Head == vision.Documented:
		line("model.%s = nn.Sequential(nn.Linear(%s, 256), nn.ReLU(), nn.Dropout(%[3]g), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(%[3]g), nn.Linear(128, %[4]d))",
			layer, in, cfg.Dropout, cfg.NumLabels)
	case cfg.Head == vision.Linear && vgg:
		line("model.%s = nn.Linear(%s, %d)", layer, in, cfg.NumLabels)
	}
	if vgg && cfg.Head != vision.Original {
		line("model.avgpool = nn.Identity()")
	}
	if cfg.StrideIn1x1 { // else the weights load, and predict something else
		line("for stage in (model.layer2, model.layer3, model.layer4):")
		line("    stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)")
	}
	line("model.load_state_dict(safetensors.torch.load_file(%q))", weights)
	line("model.eval()  # of (pixel/255 - %v) / %v, %s, %[4]d × %[4]d", python(cfg.ImageMean), python(cfg.ImageStd), cfg.ChannelOrder, cfg.ImageSize)
	return b.String()
}

// python is three numbers as a Python list.
func python(v [3]float64) string { return fmt.Sprintf("[%g, %g, %g]", v[0], v[1], v[2]) }
