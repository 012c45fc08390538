package vision_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// The real kernels of VGG16's first two blocks give PyTorch's activations on
// photographs, blue first and less Keras' mean.
func TestRealVGGKernels(t *testing.T) {
	f, err := tensorfile.Open(sharedtest.Dir(t, "models", "vgg16-block1-2", "vgg16_block1-2.torch-names.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := torch.NewWeightFile(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := vision.DefaultConfig("vgg16", vision.Documented, []string{"ant", "bee"})
	cfg.ImageSize, cfg.ResizeShortSide = 96, 96
	cfg.ChannelOrder, cfg.ImageMean = "BGR", [3]float64{103.939 / 255, 116.779 / 255, 123.68 / 255}
	cfg.ImageStd = [3]float64{1. / 255, 1. / 255, 1. / 255}
	m, err := vision.New(rt, cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if unused := w.Unused(); len(unused) > 0 {
		t.Fatalf("no parameter took %v", unused)
	}
	var golden filesGolden
	readJSON(t, "testdata/files.json", &golden)
	b := photos(t, m, "ant", "bee")
	for layer, want := range golden.VGG16 {
		want.compare(t, layer, features(t, m, layer, b))
	}
}

// The bundled ResNet-50, in float16, with the stride of its bottlenecks on the
// first convolution and biases and epsilon folded into the norms, gives PyTorch's
// features and logits.
func TestRealResNet50(t *testing.T) {
	var golden filesGolden
	readJSON(t, "testdata/files.json", &golden)
	path := filepath.Join(sharedtest.Root(t), "weights", "resnet50-imagenet")
	m := load(t, path, vision.LoadOptions{ImageSize: 96})
	if !m.Config.StrideIn1x1 || m.Config.NormEps != 1e-5 {
		t.Errorf("config.json is read as %+v", m.Config)
	}
	b := photos(t, m, "ant", "bee")
	golden.ResNet50.compare(t, "avgpool", features(t, m, "avgpool", b))
	logits := features(t, m, "logits", b)
	for i, class := range golden.ResNet50.Top {
		want := golden.ResNet50.Logits[i]
		if got := float64(logits[1000*i+int(class)]); !(math.Abs(got-want) <= 1e-5*want) {
			t.Errorf("photograph %d: logit of class %d is %g, want %g", i, class, got, want)
		}
		for k, v := range logits[1000*i : 1000*(i+1)] {
			if k != int(class) && float64(v) > want {
				t.Errorf("photograph %d is of class %d, want %d", i, k, class)
			}
		}
	}
}

func (a activation) compare(t *testing.T, layer string, got []float32) {
	t.Helper()
	if a.Norm == 0 {
		t.Fatalf("%s: no golden", layer)
	}
	if d := apart(sketchOf(layer, got), a.Sketch); !(d <= 1e-5*a.Norm) {
		t.Errorf("%s: off by %.1e, its norm is %.3g", layer, d, a.Norm)
	}
}
