package vision_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// Heads have the widths that Keras' Flatten and Dense, or torchvision's pools,
// give at the chosen size, and the network runs at it.
func TestHeadsAtAnySize(t *testing.T) {
	for _, c := range []struct {
		arch, head string
		size       int
		want       []string // weights of the head
	}{
		{"vgg16", vision.Documented, 224, []string{"classifier.0.weight [256,25088]", "classifier.3.weight [128,256]", "classifier.6.weight [3,128]"}},
		{"vgg16", vision.Documented, 150, []string{"classifier.0.weight [256,8192]", "classifier.3.weight [128,256]", "classifier.6.weight [3,128]"}},
		{"vgg11", vision.Linear, 150, []string{"classifier.weight [3,8192]"}},
		{"vgg11_bn", vision.Linear, 33, []string{"classifier.weight [3,512]"}},
		{"vgg11", vision.Original, 50, []string{"classifier.0.weight [4096,25088]", "classifier.3.weight [4096,4096]", "classifier.6.weight [3,4096]"}},
		{"resnet18", vision.Documented, 150, []string{"fc.0.weight [256,512]", "fc.3.weight [128,256]", "fc.6.weight [3,128]"}},
		{"resnet18", vision.Linear, 33, []string{"fc.weight [3,512]"}},
		{"resnet50", vision.Original, 100, []string{"fc.weight [3,2048]"}},
	} {
		cfg := vision.DefaultConfig(c.arch, c.head, []string{"a", "b", "c"})
		cfg.ImageSize, cfg.ResizeShortSide = c.size, 256
		m, err := vision.New(rt, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range m.Store().Parameters() {
			if m.Group(p.Name) == "head" && strings.HasSuffix(p.Name, "weight") {
				got = append(got, p.Name+" "+torch.ShapeString(p.T.Shape()))
			}
		}
		if c.arch == "vgg11" && c.head == vision.Original {
			drawnAsTorchvisions(t, m)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s at %d (-want +got):\n%s", c.arch, c.head, c.size, diff)
		}
		s := rt.Scope(rt.EvalMode())
		y := m.Logits(s, s.Zeros(torch.Float32, 1, 3, c.size, c.size))
		if shape := torch.ShapeString(y.Shape()); s.Err() == nil && shape != "[1,3]" {
			t.Errorf("%s %s at %d: logits are %s", c.arch, c.head, c.size, shape)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s %s at %d: %v", c.arch, c.head, c.size, err)
		}
		m.Close()
	}
}

// drawnAsTorchvisions checks the last layer of VGG's own head: N(0, 0.01²), and 0.
func drawnAsTorchvisions(t *testing.T, m *vision.Model) {
	t.Helper()
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	var sum, squares, n float64
	for _, v := range s.Floats(m.Store().Get("classifier.6.weight").T) {
		sum, squares, n = sum+float64(v), squares+float64(v)*float64(v), n+1
	}
	// Of 12288 numbers the two deviate by a hundredth of 0.01.
	if mean, std := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 5e-4 || math.Abs(std-0.01) > 5e-4 {
		t.Errorf("mean %g, deviation %g, want 0 and 0.01", mean, std)
	}
	for _, v := range s.Floats(m.Store().Get("classifier.6.bias").T) {
		if v != 0 {
			t.Errorf("a bias is %g", v)
		}
	}
}

// Where the classes alone change, the last layer is drawn anew, and the others stay.
func TestOtherClassesKeepTheHead(t *testing.T) {
	for _, head := range []string{vision.Documented, vision.Linear} {
		cfg := small()
		cfg.Head = head
		m, err := vision.New(rt, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		dir := t.TempDir() + "/model"
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		again, report, err := vision.Load(rt, dir, vision.LoadOptions{Labels: []string{"x", "y", "z"}, Head: head})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		last := map[string][]string{vision.Documented: {"fc.6.weight", "fc.6.bias"}, vision.Linear: {"fc.weight", "fc.bias"}}[head]
		if diff := cmp.Diff(last, report.Missing); diff != "" {
			t.Errorf("%s: drawn anew (-want +got):\n%s", head, diff)
		}
		was := contents(t, m.Store())
		for name, now := range contents(t, again.Store()) {
			if !slices.Contains(last, name) && now != was[name] {
				t.Errorf("%s: %s has changed", head, name)
			}
		}
	}
}

// A batch of another size is an error that says both.
func TestLogitsRefuseAnotherSize(t *testing.T) {
	m, err := vision.New(rt, small(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := rt.Scope(rt.EvalMode())
	m.Logits(s, s.Zeros(torch.Float32, 2, 3, 32, 64))
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "images: shape [2,3,32,64], want [N,3,32,32]") {
		t.Errorf("error %v", err)
	}
}

// small is the configuration of a network for tests of all but its numbers.
func small() vision.Config {
	cfg := vision.DefaultConfig("resnet18", vision.Linear, []string{"ant", "bee"})
	cfg.ImageSize, cfg.ResizeShortSide = 32, 36
	return cfg
}

// What a pixel becomes: as the weights' source had it, or as --normalize says.
func TestNormalize(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keras")
	cfg := small()
	cfg.ChannelOrder, cfg.ImageMean = "BGR", [3]float64{103.939 / 255, 116.779 / 255, 123.68 / 255}
	cfg.ImageStd = [3]float64{1. / 255, 1. / 255, 1. / 255}
	m, err := vision.New(rt, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	bare := "testdata/resnet18.pth"
	// The pixel's red, green and blue.
	const r, g, b = 200, 100, 50
	imagenet := []float32{(200./255 - 0.485) / 0.229, (100./255 - 0.456) / 0.224, (50./255 - 0.406) / 0.225}
	for _, c := range []struct {
		path, normalize string
		want            []float32
	}{
		{bare, "", imagenet},
		{bare, "auto", imagenet},
		{bare, "none", []float32{200. / 255, 100. / 255, 50. / 255}},
		{dir, "auto", []float32{50 - 103.939, 100 - 116.779, 200 - 123.68}},
		{dir, "none", []float32{200. / 255, 100. / 255, 50. / 255}},
		{dir, "imagenet", imagenet},
	} {
		cfg, err := vision.ConfigOf(c.path, vision.LoadOptions{Architecture: "resnet18", Normalize: c.normalize, ImageSize: 32})
		if err != nil {
			t.Fatal(err)
		}
		batch := vision.Batch{N: 1, Input: cfg.Input(), Labels: []int64{0}}
		for _, v := range []uint8{r, g, b} {
			for range 32 * 32 {
				batch.Pixels = append(batch.Pixels, v)
			}
		}
		s := rt.Scope(rt.EvalMode())
		x, _ := batch.Tensors(s)
		v := s.Floats(x)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if d := v[32*32*i] - want; d > 1e-5*128 || d < -1e-5*128 { // Keras' numbers reach 128
				t.Errorf("%s with %q: channel %d is %g, want %g", c.path, c.normalize, i, v[32*32*i], want)
			}
		}
	}
	_, err = vision.ConfigOf(bare, vision.LoadOptions{Architecture: "resnet18", Normalize: "keras"})
	if err == nil || !strings.Contains(err.Error(), `normalize: "keras", want auto, none or imagenet`) {
		t.Errorf("error %v", err)
	}
}
