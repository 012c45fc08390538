package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/vision"
)

type exportCmd struct{ cli.ExportFlags }

// Run is called by kong.
func (c *exportCmd) Run(ctx context.Context, env *cli.Env) error {
	dir, _, err := cli.FindModel(ctx, env, c.Model, "vision")
	if err != nil {
		return err
	}
	cfg, err := vision.ConfigOf(dir, vision.LoadOptions{})
	if err != nil {
		return cli.Usage(err)
	}
	if err := cli.Export(dir, c.ExportFlags, nil); err != nil {
		return err
	}
	if cfg.Head == vision.Documented {
		fmt.Fprintf(env.Stderr, "note: the head is not %s's own; hack/compare-torchvision.py has a load() that builds it\n", cfg.Architecture)
	}
	_, err = fmt.Fprintf(env.Stdout, `import safetensors.torch, torchvision
model = torchvision.models.%s(num_classes=%d)
model.load_state_dict(safetensors.torch.load_file(%q))
`, cfg.Architecture, len(cfg.Labels), filepath.Join(c.To, "model.safetensors"))
	return err
}
