package vision_test

import (
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// Features of torchvision's layers, under torchvision's names, are torchvision's:
// hack/goldens/vision/features.py.
func TestFeaturesEqualTorchvision(t *testing.T) {
	const side = 64
	var golden map[string]map[vision.Pooling]struct {
		Every   int
		Values  []float64
		Largest float64
	}
	readJSON(t, "testdata/features.json", &golden)
	if len(golden) != 12 {
		t.Fatalf("%d layers, want 12", len(golden))
	}
	models := make(map[string]*vision.Model)
	for key, pools := range golden {
		arch, layer, _ := strings.Cut(key, "/")
		m := models[arch]
		if m == nil {
			cfg := vision.DefaultConfig(arch, vision.Linear, []string{"a", "b", "c"})
			cfg.ImageSize, cfg.ResizeShortSide = side, side
			var err error
			if m, err = vision.New(rt, cfg, nil); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(m.Close)
			fill(t, m, false)
			models[arch] = m
		}
		for pool, want := range pools {
			x := uniform("input", 2*3*side*side)
			for i := range x {
				if x[i] *= 2; i >= len(x)/2 {
					x[i] *= 0.25
				}
			}
			s := rt.Scope(rt.EvalMode())
			y, err := m.Features(s, torch.FromSlice(s, x, 2, 3, side, side), layer, pool)
			if err != nil {
				t.Fatal(err)
			}
			got := s.Floats(y)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			within(t, key+" "+string(pool), got, want.Every, want.Values, 1e-5*want.Largest)
		}
	}
}

// Beside torchvision's names, VGG's layers have Keras'.
func TestBothNamesOfALayer(t *testing.T) {
	m := tailTrains(t, vision.Input{Size: 64, ShortSide: 64})
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	x := torch.FromSlice(s, uniform("x", 3*64*64), 1, 3, 64, 64)
	for keras, torchvision := range map[string]string{"block1_conv1": "features.2", "block3_conv2": "features.13", "block5_pool": "features.28"} {
		a, err := m.Features(s, x, keras, vision.Flat)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.Features(s, x, torchvision, vision.Flat)
		if err != nil {
			t.Fatal(err)
		}
		va, vb := s.Floats(a), s.Floats(b)
		if len(va) == 0 || len(va) != len(vb) {
			t.Fatalf("%s has %d features, %s %d", keras, len(va), torchvision, len(vb))
		}
		for i := range va {
			if va[i] != vb[i] {
				t.Fatalf("%s and %s differ at %d", keras, torchvision, i)
			}
		}
	}
	if _, err := m.Features(s, x, "block5_pool", "median"); err == nil || !strings.Contains(err.Error(), `"median"`) {
		t.Errorf("pooling by the median: %v", err)
	}
}
