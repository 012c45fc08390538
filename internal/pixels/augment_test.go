package pixels

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The matrix is the one that Keras' ImageDataGenerator builds: with its
// parameters our picture is its picture, within 1 on 99.9 % of samples.
func TestMatrixAgreesWithKeras(t *testing.T) {
	dir := filepath.Join("testdata", "keras")
	var cases []struct {
		Theta float64 `json:"theta_degrees"`
		TX    float64 `json:"tx_pixels"`
		TY    float64 `json:"ty_pixels"`
		ZX    float64 `json:"zx"`
		ZY    float64 `json:"zy"`
		FlipH bool    `json:"flip_h"`
		FlipV bool    `json:"flip_v"`
		Want  string  `json:"want"`
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "cases.json")), &cases); err != nil {
		t.Fatal(err)
	}
	src := readPNG(t, filepath.Join(dir, "source.png"))
	for _, c := range cases {
		p := Params{
			Augment: Augment{Fit: FitStretch},
			Theta:   c.Theta * math.Pi / 180,
			// Keras' tx, though drawn from height_shift_range, moves columns.
			ShiftX: c.TX / float64(src.W), ShiftY: c.TY / float64(src.H),
			ZoomX: c.ZX, ZoomY: c.ZY, FlipH: c.FlipH, FlipV: c.FlipV,
		}
		got := NewImage(src.W, src.H)
		if err := p.Render(got.Pix, HWC, src.W, src.H, src); err != nil {
			t.Fatal(err)
		}
		if d := compare(t, got, readPNG(t, filepath.Join(dir, c.Want))); d.beyond1 > 0.001 {
			t.Errorf("%s: %.4f of samples beyond 1, largest difference %d", c.Want, d.beyond1, d.largest)
		}
	}
}

// Colours change as torchvision changes them on uint8 tensors. Each step rounds
// down, so a float32 sum that ends on the other side of a whole number makes a
// difference of 1, and later steps carry it on.
func TestJitterAgreesWithTorchvision(t *testing.T) {
	dir := filepath.Join("testdata", "jitter")
	var cases []struct {
		Factors [4]float64
		Order   [4]int
		Want    string
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "cases.json")), &cases); err != nil {
		t.Fatal(err)
	}
	src := readPNG(t, filepath.Join(dir, "source.png"))
	for _, c := range cases {
		j := Jitter{Brightness: c.Factors[0], Contrast: c.Factors[1], Saturation: c.Factors[2], Hue: c.Factors[3]}
		for i, k := range c.Order {
			j.Order[i] = JitterStep(k)
		}
		want := readPNG(t, filepath.Join(dir, c.Want))
		got := &Image{W: src.W, H: src.H, Pix: append([]uint8(nil), src.Pix...)}
		j.Apply(got.Pix, HWC)
		if d := compare(t, got, want); d.beyond1 > 0.001 || d.mean > 0.05 {
			t.Errorf("%s: %.4f of samples beyond 1, mean %.3f, largest %d", c.Want, d.beyond1, d.mean, d.largest)
		}
		planes := interleavedToPlanes(src.Pix)
		j.Apply(planes, CHW)
		if diff := cmp.Diff(interleavedToPlanes(got.Pix), planes); diff != "" {
			t.Errorf("%s: CHW differs from HWC", c.Want)
		}
	}
}

func interleavedToPlanes(pix []uint8) []uint8 {
	n := len(pix) / 3
	out := make([]uint8, len(pix))
	for i := range n {
		out[i], out[n+i], out[2*n+i] = pix[3*i], pix[3*i+1], pix[3*i+2]
	}
	return out
}

// An epoch drawn by four workers, in whatever order, is bit for bit the epoch
// drawn by one.
func TestWorkersMakeNoDifference(t *testing.T) {
	const n, side = 64, 24
	src := NewImage(40, 32)
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 7)
	}
	a := Documented()
	a.Jitter, a.Erase.P = ColorJitter{0.2, 0.2, 0.2, 0.1}, 0.5
	epoch := func(workers int) []uint8 {
		out := make([]uint8, n*3*side*side)
		jobs := make(chan int)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for i := range jobs {
					dst := out[i*3*side*side : (i+1)*3*side*side]
					if err := a.Sample(7, 3, i).Render(dst, CHW, side, side, src); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range n {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		return out
	}
	if d := compareBytes(t, epoch(4), epoch(1)); d.largest != 0 {
		t.Errorf("4 workers and 1 differ by up to %d", d.largest)
	}
}

func TestSampleIsSpread(t *testing.T) {
	a := Augment{Rotate: 20, Zoom: 0.15, ShiftX: 0.1, FlipH: true, Erase: RandomErasing{P: 0.25}, Jitter: ColorJitter{Hue: 0.1}}
	const n = 20_000
	var theta, theta2, zx, zy, flips, erased float64
	seen := map[float64]bool{}
	for i := range n {
		p := a.Sample(42, i%4, i/4)
		seen[p.Theta] = true
		theta += p.Theta / n
		theta2 += p.Theta * p.Theta / n
		zx += p.ZoomX / n
		zy += p.ZoomY / n
		if p.FlipH {
			flips += 1. / n
		}
		if p.Erased {
			erased += 1. / n
		}
		if math.Abs(p.Theta) > 20*math.Pi/180 || p.ZoomX < 0.85 || p.ZoomX > 1.15 || p.ZoomY < 0.85 || p.ZoomY > 1.15 ||
			math.Abs(p.ShiftX) > 0.1 || p.ShiftY != 0 || p.FlipV || math.Abs(p.Jitter.Hue) > 0.1 || p.Jitter.Contrast != 1 {
			t.Fatalf("example %d: %+v out of range", i, p)
		}
	}
	if len(seen) != n {
		t.Errorf("%d different angles in %d draws", len(seen), n)
	}
	// Five standard errors of each mean.
	r := 20 * math.Pi / 180
	near := func(name string, got, want, sigma float64) {
		if math.Abs(got-want) > 5*sigma/math.Sqrt(n) {
			t.Errorf("mean %s %v, want %v", name, got, want)
		}
	}
	near("angle", theta, 0, r/math.Sqrt(3))
	near("squared angle", theta2, r*r/3, r*r)
	near("zoom across", zx, 1, 0.15/math.Sqrt(3))
	near("zoom down", zy, 1, 0.15/math.Sqrt(3))
	near("flips", flips, 0.5, 0.5)
	near("erased", erased, 0.25, 0.44)
}

// Switching one thing on leaves the other draws as they were.
func TestSampleDrawsAreIndependent(t *testing.T) {
	plain := Augment{Rotate: 20}.Sample(1, 2, 3)
	more := Augment{Rotate: 20, Zoom: 0.15, FlipH: true, Erase: RandomErasing{P: 1}}.Sample(1, 2, 3)
	if plain.Theta != more.Theta {
		t.Errorf("angle %v became %v", plain.Theta, more.Theta)
	}
	if a, b := (Augment{Rotate: 20}).Sample(1, 3, 3), plain; a.Theta == b.Theta {
		t.Error("two epochs share an angle")
	}
	if a := (Augment{Rotate: 20}).Sample(2, 2, 3); a.Theta == plain.Theta {
		t.Error("two seeds share an angle")
	}
}

func TestCropBoxes(t *testing.T) {
	a := CropAndFlip()
	area := 0.0
	const n = 4000
	for i := range n {
		x, y, w, h := a.Sample(1, 0, i).cropBox(384, 256)
		if x < 0 || y < 0 || w < 1 || h < 1 || x+w > 384 || y+h > 256 {
			t.Fatalf("box %d,%d %d×%d leaves 384×256", x, y, w, h)
		}
		if r := float64(w) / float64(h); r < 0.74 || r > 1.35 {
			t.Fatalf("box %d×%d has ratio %v", w, h, r)
		}
		area += float64(w*h) / (384 * 256) / n
	}
	// Wide boxes of a wide picture's whole area do not fit and are drawn again, so
	// the mean lies below 0.75.
	if area < 0.6 || area > 0.75 {
		t.Errorf("mean area %v", area)
	}
	// No shape fits a line: the fallback takes what there is.
	if x, y, w, h := a.Sample(1, 0, 0).cropBox(1000, 3); y != 0 || h != 3 || w != 4 || x != 498 {
		t.Errorf("box in a line: %d,%d %d×%d", x, y, w, h)
	}
}

func TestErasedBox(t *testing.T) {
	a := Augment{Erase: RandomErasing{P: 1}}
	found := 0
	for i := range 500 {
		x, y, w, h, ok := a.Sample(1, 0, i).ErasedBox(224, 224)
		if !ok {
			continue
		}
		found++
		if x < 0 || y < 0 || x+w > 224 || y+h > 224 {
			t.Fatalf("box %d,%d %d×%d leaves the picture", x, y, w, h)
		}
		if share := float64(w*h) / (224 * 224); share < 0.018 || share > 0.34 {
			t.Fatalf("box takes %v of the area", share)
		}
	}
	if found < 490 {
		t.Errorf("%d of 500 have a box", found)
	}
	p := a.Sample(1, 0, 0)
	src := NewImage(32, 32)
	dst := make([]uint8, 3*32*32)
	if err := p.Render(dst, CHW, 32, 32, src); err != nil {
		t.Fatal(err)
	}
	x, y, w, h, _ := p.ErasedBox(32, 32)
	painted := 0
	for i, v := range dst[:32*32] {
		inside := i%32 >= x && i%32 < x+w && i/32 >= y && i/32 < y+h
		if inside != (v == 124) {
			t.Fatalf("pixel %d is %d, inside the box: %v", i, v, inside)
		}
		if inside {
			painted++
		}
	}
	if painted != w*h {
		t.Errorf("%d pixels painted, want %d", painted, w*h)
	}
}

// Validation sees torchvision's centre crop to the byte.
func TestPlainIsCenterCrop(t *testing.T) {
	src := NewImage(341, 256)
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 13)
	}
	want, err := CenterCrop(src, 224, 224)
	if err != nil {
		t.Fatal(err)
	}
	got := NewImage(224, 224)
	if err := CropAndFlip().Plain().Sample(9, 9, 9).Render(got.Pix, HWC, 224, 224, src); err != nil {
		t.Fatal(err)
	}
	if d := compare(t, got, want); d.largest != 0 {
		t.Errorf("largest difference %d", d.largest)
	}
	// A source smaller than the result is enlarged, not framed.
	small := NewImage(100, 60)
	for i := range small.Pix {
		small.Pix[i] = 200
	}
	if err := (Augment{Fill: Fill{Constant: true}}).Sample(0, 0, 0).Render(got.Pix, HWC, 224, 224, small); err != nil {
		t.Fatal(err)
	}
	if r, _, _ := got.At(112, 112); r != 200 {
		t.Errorf("centre is %d, want 200", r)
	}
}

func TestParseAugment(t *testing.T) {
	for _, c := range []struct {
		spec string
		want Augment
		text string
	}{
		{"documented", Documented(), "rotate=20,zoom=0.15,flip,fit=stretch"},
		{"crop", CropAndFlip(), "flip,crop=0.5-1"},
		{"flip,crop=0.5", CropAndFlip(), "flip,crop=0.5-1"},
		{"none", Augment{}, "none"},
		{"", Augment{}, "none"},
		{"rotate=20,zoom=0.15,flip", Augment{Rotate: 20, Zoom: 0.15, FlipH: true}, "rotate=20,zoom=0.15,flip"},
		{"documented, rotate=5", func() Augment { a := Documented(); a.Rotate = 5; return a }(), "rotate=5,zoom=0.15,flip,fit=stretch"},
		{"shift=0.1,vflip,fill=black", Augment{ShiftX: 0.1, ShiftY: 0.1, FlipV: true, Fill: Fill{Constant: true}}, "shiftx=0.1,shifty=0.1,vflip,fill=black"},
		{"crop=0.08-1,ratio=0.75-1.33,jitter=0.2,hue=0.05,erase=0.25", Augment{
			Crop:   ResizedCrop{0.08, 1, 0.75, 1.33},
			Jitter: ColorJitter{0.2, 0.2, 0.2, 0.05},
			Erase:  RandomErasing{P: 0.25},
		}, "crop=0.08-1,ratio=0.75-1.33,brightness=0.2,contrast=0.2,saturation=0.2,hue=0.05,erase=0.25"},
	} {
		got, err := ParseAugment(c.spec)
		if err != nil {
			t.Errorf("%q: %v", c.spec, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.spec, diff)
		}
		if got.String() != c.text {
			t.Errorf("%q writes itself as %q, want %q", c.spec, got.String(), c.text)
		}
		if again, err := ParseAugment(got.String()); err != nil || again != got {
			t.Errorf("%q does not read back: %+v, %v", got.String(), again, err)
		}
	}
}

func TestParseAugmentErrors(t *testing.T) {
	for _, c := range []struct {
		spec string
		want []string
	}{
		{"rotate", []string{`"rotate": want rotate=NUMBER`}},
		{"rotate=fast", []string{`"rotate=fast": want rotate=NUMBER`}},
		{"spin=3", []string{`unknown "spin=3"`, "rotate="}},
		{"rotate=500,zoom=-1", []string{"rotate is 500", "zoom is -1"}},
		{"rotate=x,zoom=y", []string{"rotate=x", "zoom=y"}},
		{"rotate=NaN", []string{"rotate is NaN"}},
		{"crop=1-0.5", []string{"crop is 1-0.5"}},
		{"crop=5", []string{"crop is 5-1"}},
		{"ratio=5", []string{"two numbers"}},
		{"hue=0.7", []string{"hue is 0.7"}},
	} {
		_, err := ParseAugment(c.spec)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %v, want one with %q", c.spec, err, want)
			}
		}
	}
}
