package vision_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/vision"
)

// A model folder says all that a model is: saved, loaded and saved again it is
// the same to the byte.
func TestSaveRoundTrips(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	archs := []string{"vgg11", "vgg11_bn", "resnet18", "resnet50"}
	for i, head := range []string{vision.Documented, vision.Linear, vision.Documented, vision.Original} {
		cfg := vision.DefaultConfig(archs[i], head, []string{"Ameisen & Bienen", "蜂", "<none>", "d"}[:2+i%3])
		cfg.ImageSize = 32 + rng.IntN(60)
		cfg.ResizeShortSide = cfg.ImageSize + rng.IntN(20)
		cfg.Fit, cfg.ChannelOrder, cfg.Dropout = vision.FitStretch, "BGR", rng.Float64()
		for k := range 3 {
			cfg.ImageMean[k], cfg.ImageStd[k] = rng.NormFloat64(), rng.ExpFloat64()
		}
		cfg.StrideIn1x1 = archs[i] == "resnet50"
		if cfg.StrideIn1x1 {
			cfg.NormEps = 1e-3
		}
		m, err := vision.New(rt, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
		if err := m.Save(first); err != nil {
			t.Fatal(err)
		}
		m.Close()
		again := load(t, first, vision.LoadOptions{})
		if diff := cmp.Diff(cfg, again.Config); diff != "" {
			t.Errorf("configuration (-saved +loaded):\n%s", diff)
		}
		if err := again.Save(second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(files(t, first), files(t, second)); diff != "" {
			t.Errorf("%s saved again differs:\n%.500s", archs[i], diff)
		}
	}
}

// files returns a folder's contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	if len(out) != 2 {
		t.Errorf("%d files in a model's folder, want config.json and model.safetensors", len(out))
	}
	return out
}

// What is wrong with a file of weights is one error that names the file and,
// where it is one tensor's fault, the tensor.
func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	m, err := vision.New(rt, small(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	whole := filepath.Join(dir, "whole")
	if err := m.Save(whole); err != nil {
		t.Fatal(err)
	}
	// changed copies the model with one tensor taken out or put in its place.
	changed := func(name string, put *tensorfile.Tensor) string {
		to := filepath.Join(dir, fmt.Sprintf("without-%s-%v", name, put != nil))
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := tensorfile.OpenDir(whole)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var ts []tensorfile.Tensor
		for x := range f.All() {
			if x.Name == name && put == nil {
				continue
			}
			if x.Name == name {
				x = *put
				x.Name = name
			}
			ts = append(ts, x)
		}
		if err := tensorfile.Write(filepath.Join(to, "model.safetensors"), ts, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, "config.json"), read(filepath.Join(whole, "config.json")), 0o644); err != nil {
			t.Fatal(err)
		}
		return to
	}
	pth, legacy, weights := read("testdata/resnet18.pth"), read("testdata/resnet18_legacy.pth"), read(filepath.Join(whole, "model.safetensors"))
	h5 := read(unpack(t, "testdata/keras_vgg16_notop.h5.gz.gz", "vgg16.h5"))
	small := &tensorfile.Tensor{DType: tensorfile.F32, Shape: []int{1}, Data: make([]byte, 4)}
	noHead := changed("fc.weight", nil)
	for _, c := range []struct {
		path string
		o    vision.LoadOptions
		want []string
	}{
		{write("cut.pth", pth[:len(pth)/2]), vision.LoadOptions{Architecture: "resnet18"}, []string{"cut.pth"}},
		{write("old.pth", legacy[:len(legacy)-9]), vision.LoadOptions{Architecture: "resnet18"}, []string{"old.pth"}},
		{write("cut.safetensors", weights[:len(weights)-100]), vision.LoadOptions{Architecture: "resnet18"}, []string{"cut.safetensors"}},
		{write("cut.h5", h5[:len(h5)-1000]), vision.LoadOptions{}, []string{"cut.h5"}},
		{write("text.pth", []byte("<html>404 not found</html>")), vision.LoadOptions{Architecture: "resnet18"}, []string{"text.pth"}},
		{filepath.Join(dir, "none.pth"), vision.LoadOptions{Architecture: "resnet18"}, []string{"none.pth", "no such file"}},
		{"testdata/resnet18.pth", vision.LoadOptions{}, []string{"resnet18.pth", "give --arch, one of", "vgg16"}},
		{"testdata/resnet18.pth", vision.LoadOptions{Architecture: "resnet19"}, []string{"architecture", `"resnet19"`, "resnet18"}},
		{"testdata/resnet18.pth", vision.LoadOptions{Architecture: "resnet34"}, []string{"resnet18.pth", "resnet34 are missing", "layer1.2.conv1.weight"}},
		{"testdata/resnet18.pth", vision.LoadOptions{Architecture: "resnet50"}, []string{"resnet18.pth", `"layer1.0.conv1.weight"`, "shape [64,64,3,3], want [64,64,1,1]"}},
		{write("vgg.h5", h5), vision.LoadOptions{Architecture: "vgg19"}, []string{"vgg.h5", "only VGG16's", "vgg19"}},
		{changed("layer3.0.bn1.running_var", nil), vision.LoadOptions{}, []string{"model.safetensors", "layer3.0.bn1.running_var"}},
		{changed("layer3.0.bn1.running_var", small), vision.LoadOptions{}, []string{"model.safetensors", `"layer3.0.bn1.running_var"`, "shape [1], want [256]"}},
		{noHead, vision.LoadOptions{}, []string{"model.safetensors", "fc.weight"}},
		{whole, vision.LoadOptions{Head: vision.Documented}, []string{"whole", "a new head needs classes"}},
		{whole, vision.LoadOptions{Labels: []string{"one"}}, []string{"whole", "1 classes, want 2 or more"}},
	} {
		m, _, err := vision.Load(rt, c.path, c.o)
		if err == nil {
			m.Close()
			t.Errorf("%s loads as %+v", c.path, c.o)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q, want %q in it", c.path, err, want)
			}
		}
	}
	// A new head takes nothing from the file: one without it will do.
	load(t, noHead, vision.LoadOptions{Labels: []string{"a", "b", "c"}}).Close()
	// Files older than PyTorch 0.4.1 count no batches.
	load(t, changed("bn1.num_batches_tracked", nil), vision.LoadOptions{}).Close()
}
