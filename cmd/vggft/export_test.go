package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// exported are networks of every kind that the lines tell apart.
func exported() map[string]vision.Config {
	two := []string{"ant", "bee"}
	small := func(arch, head string, change func(*vision.Config)) vision.Config {
		c := vision.DefaultConfig(arch, head, two)
		c.ImageSize, c.ResizeShortSide, c.Dropout = 64, 64, 0.5
		if change != nil {
			change(&c)
		}
		return c
	}
	return map[string]vision.Config{
		"resnet linear":     small("resnet18", vision.Linear, nil),
		"resnet documented": small("resnet18", vision.Documented, nil),
		"resnet strides":    small("resnet50", vision.Linear, func(c *vision.Config) { c.StrideIn1x1, c.NormEps = true, 1e-3 }),
		"resnet unlabelled": small("resnet18", vision.Original, func(c *vision.Config) { c.Labels, c.NumLabels = nil, 5 }),
		"vgg linear":        small("vgg11", vision.Linear, func(c *vision.Config) { c.NormEps = 1e-3 }),
		"vgg documented":    small("vgg11", vision.Documented, nil),
		"vgg norms":         small("vgg11_bn", vision.Documented, func(c *vision.Config) { c.NormEps = 1e-3 }),
	}
}

func TestTorchvisionLines(t *testing.T) {
	for name, want := range map[string][]string{
		"resnet linear":     {"resnet18(num_classes=2)"},
		"resnet documented": {"model.fc = nn.Sequential(nn.Linear(model.fc.in_features, 256)", "nn.Linear(128, 2))"},
		"resnet strides":    {"norm.eps = 0.001", "stage[0].conv1.stride"},
		"resnet unlabelled": {"resnet18(num_classes=5)"},
		"vgg linear":        {"vgg11(num_classes=2)\n", "model.classifier = nn.Linear(2048, 2)", "model.avgpool = nn.Identity()"},
		"vgg documented":    {"model.classifier = nn.Sequential(nn.Linear(2048, 256)"},
		"vgg norms":         {"vgg11_bn(num_classes=2)\n", "norm.eps = 0.001"},
	} {
		if got := torchvisionLines(exported()["vgg linear"], ""); strings.Contains(got, "eps") {
			t.Errorf("a network without norms has their eps:\n%s", got)
		}
		got := torchvisionLines(exported()[name], "f/model.safetensors")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", name, w, got)
			}
		}
	}
}

// The lines build the network in torchvision whose logits are ours. It needs a
// Python with torchvision, which $GOTUNE_PYTHON names.
func TestTorchvisionLinesRun(t *testing.T) {
	interpreter := os.Getenv("GOTUNE_PYTHON")
	if interpreter == "" {
		t.Skip("GOTUNE_PYTHON names no Python with torchvision")
	}
	rt, err := torch.Open(torch.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	dir := t.TempDir()
	var script strings.Builder
	for name, cfg := range exported() {
		folder := filepath.Join(dir, name)
		m, err := vision.New(rt, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Save(folder); err != nil {
			t.Fatal(err)
		}
		s := rt.Scope(rt.EvalMode())
		host := make([]float32, 3*64*64)
		for i := range host {
			host[i] = float32(i%251)/125 - 1
		}
		y := s.Floats(m.Logits(s, torch.FromSlice(s, host, 1, 3, 64, 64)))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		m.Close()
		fmt.Fprintf(&script, "%sx = ((torch.arange(3 * 64 * 64) %% 251) / 125 - 1).float().reshape(1, 3, 64, 64)\n", torchvisionLines(cfg, filepath.Join(folder, "model.safetensors")))
		fmt.Fprintf(&script, "with torch.no_grad(): y = model(x)[0]\nwant = torch.tensor(%s)\n", strings.ReplaceAll(fmt.Sprint(y), " ", ","))
		fmt.Fprintf(&script, "assert (y - want).abs().max() <= 1e-5 * want.abs().max(), (%q, y, want)\n", name)
	}
	if out, err := exec.Command(interpreter, "-c", script.String()).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, script.String())
	}
}
