package vision_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// filesGolden is testdata/files.json, by hack/goldens/vision/files.py.
type filesGolden struct {
	ResNet18 struct {
		Logits  []float64 // every 200th of [2,1000]
		Largest float64
	}
	VGG16    map[string]activation
	ResNet50 struct {
		Top    []int64 // class of each photograph
		Logits []float64
		activation
	}
}

// activation is a layer's output, sketched.
type activation struct {
	Sketch []float32
	Norm   float64
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path string, o vision.LoadOptions) *vision.Model {
	t.Helper()
	m, _, err := vision.Load(rt, path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// What torch.save wrote, as a zip and as before 1.6, with and without the prefix
// of DataParallel, gives torchvision's logits, and the same again from
// safetensors in float32; in 16 bits the values are those rounded once.
func TestTorchFilesGiveTorchvisionsLogits(t *testing.T) {
	var golden filesGolden
	readJSON(t, "testdata/files.json", &golden)
	o := vision.LoadOptions{Architecture: "resnet18", ImageSize: 64}
	logits := func(m *vision.Model) []float32 {
		s := rt.Scope(rt.EvalMode())
		x, _ := input(s, 64)
		v := s.Floats(m.Logits(s, x))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, path := range []string{"testdata/resnet18.pth", "testdata/resnet18_legacy.pth"} {
		m := load(t, path, o)
		got := logits(m)
		for i, want := range golden.ResNet18.Logits {
			if d := math.Abs(float64(got[200*i]) - want); !(d <= 1e-5*golden.ResNet18.Largest) {
				t.Errorf("%s: logit %d is %g, want %g", path, 200*i, got[200*i], want)
			}
		}
		if n := contents(t, m.Store())["bn1.num_batches_tracked"]; n[0] != 7 {
			t.Errorf("%s: %q batches tracked, want 7", path, n)
		}
	}
	m := load(t, "testdata/resnet18.pth", o)
	for _, dtype := range []torch.DType{torch.Float32, torch.Float16, torch.BFloat16} {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		rounded := saveAs(t, m, path, dtype)
		again := load(t, path, o)
		if diff := cmp.Diff(rounded, contents(t, again.Store())); diff != "" {
			t.Errorf("%v: values differ from those rounded", dtype)
		}
		if dtype == torch.Float32 && !slices.Equal(logits(again), logits(m)) {
			t.Error("safetensors in float32 give other logits than the .pth they came from")
		}
	}
}

// saveAs writes m's tensors as dtype, and returns what that leaves of them.
func saveAs(t *testing.T, m *vision.Model, path string, dtype torch.DType) map[string]string {
	t.Helper()
	names := map[torch.DType]tensorfile.DType{torch.Float32: tensorfile.F32, torch.Float16: tensorfile.F16, torch.BFloat16: tensorfile.BF16}
	var ts []tensorfile.Tensor
	rounded := make(map[string]string)
	for _, p := range m.Store().All() {
		s := rt.Scope(torch.Mode{})
		x := tensorfile.Tensor{Name: p.Name, DType: tensorfile.I64, Shape: p.T.Shape()}
		y := s.Detach(p.T)
		if !strings.HasSuffix(p.Name, "tracked") {
			x.DType, y = names[dtype], s.Cast(y, dtype)
		}
		var err error
		if x.Data, err = torch.CopyBytes(y); err != nil {
			t.Fatal(err)
		}
		if x.DType != tensorfile.I64 {
			y = s.Cast(y, torch.Float32)
		}
		back, err := torch.CopyBytes(y)
		if err != nil {
			t.Fatal(err)
		}
		rounded[p.Name] = string(back)
		ts = append(ts, x)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := tensorfile.Write(path, ts, nil); err != nil {
		t.Fatal(err)
	}
	return rounded
}

// A file that Keras saved, without top, gives Keras' features of a photograph,
// with Keras' colours and mean; they stay with the model once it is saved.
func TestKerasFileGivesKerasFeatures(t *testing.T) {
	var golden struct {
		Pool5   []float64 `json:"block5_pool"` // every 97th of [1,512,3,3]
		Largest float64
	}
	readJSON(t, "testdata/keras.json", &golden)
	path := unpack(t, "testdata/keras_vgg16_notop.h5.gz.gz", "vgg16_notop.h5")
	m := load(t, path, vision.LoadOptions{ImageSize: 96, Labels: []string{"ant", "bee"}, Head: vision.Documented})
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	bare := load(t, path, vision.LoadOptions{ImageSize: 96}) // for features alone: it has no head of its own
	for _, m := range []*vision.Model{m, load(t, dir, vision.LoadOptions{}), bare} {
		if m.Config.ChannelOrder != "BGR" {
			t.Errorf("channels are %s, want BGR", m.Config.ChannelOrder)
		}
		got := features(t, m, "block5_pool", photos(t, m, "bee"))
		within(t, "block5_pool", got, 97, golden.Pool5, 1e-4*golden.Largest)
	}
}

// With top, 224 pixels: 138 million weights.
func TestKerasFileWithTop(t *testing.T) {
	if os.Getenv("GOTUNE_LONG") == "" {
		t.Skip("unpacks 550 MB; set GOTUNE_LONG=1")
	}
	var golden struct {
		Top     []float64 // every 37th of [1,1000]
		Largest float64   `json:"top_largest"`
	}
	readJSON(t, "testdata/keras.json", &golden)
	m := load(t, unpack(t, "testdata/keras_vgg16_top.weights.h5.gz.gz", "vgg16.weights.h5"), vision.LoadOptions{})
	b := photos(t, m, "bee")
	b.Pixels = enlarge(b.Pixels, 96, 224)
	within(t, "logits", features(t, m, "logits", b), 37, golden.Top, 1e-4*golden.Largest)
}

func within(t *testing.T, what string, got []float32, every int, want []float64, tol float64) {
	t.Helper()
	if len(got) <= (len(want)-1)*every {
		t.Fatalf("%s: %d values, too few for every %dth to be %d", what, len(got), every, len(want))
	}
	moving := false
	for i, w := range want {
		moving = moving || w != want[0]
		if d := math.Abs(float64(got[i*every]) - w); !(d <= tol) {
			t.Errorf("%s %d: %g, want %g", what, i*every, got[i*every], w)
		}
	}
	if !moving {
		t.Fatalf("%s: the golden is constant", what)
	}
}

func features(t *testing.T, m *vision.Model, layer string, b *vision.Batch) []float32 {
	t.Helper()
	s := rt.Scope(rt.EvalMode())
	x, _ := b.Tensors(s)
	y, err := m.Features(s, x, layer, vision.Flat)
	if err != nil {
		t.Fatal(err)
	}
	v := s.Floats(y)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return v
}

// photos are testdata's photographs of 96 pixels, as m reads them.
func photos(t *testing.T, m *vision.Model, names ...string) *vision.Batch {
	t.Helper()
	in := m.Config.Input()
	in.ShortSide, in.Size = 96, 96
	var paths []string
	for _, n := range names {
		paths = append(paths, filepath.Join("testdata", n+".png"))
	}
	d, err := vision.OpenPictures(paths, vision.DataOptions{Input: in})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	indices := make([]int, len(names))
	for i := range indices {
		indices[i] = i
	}
	b, err := d.Batch(t.Context(), 0, indices)
	if err != nil {
		t.Fatal(err)
	}
	b.Input.Size = m.Config.ImageSize
	return b
}

// enlarge repeats pixels, [3,from,from], as PIL's NEAREST does.
func enlarge(src []uint8, from, to int) []uint8 {
	dst := make([]uint8, 3*to*to)
	at := func(i int) int { return int((float64(i) + 0.5) * float64(from) / float64(to)) }
	for i := range dst {
		c, y, x := i/(to*to), i/to%to, i%to
		dst[i] = src[(c*from+at(y))*from+at(x)]
	}
	return dst
}

// unpack writes what a file compressed twice holds.
func unpack(t *testing.T, path, name string) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var r io.Reader = in
	for range 2 {
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), name)
	w, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}
