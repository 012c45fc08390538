package vision_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// blends are what torchvision makes of a batch, by given draws; see
// hack/goldens/vision/blend.py.
type blends struct {
	Side   int       `json:"side"`
	Labels []int64   `json:"labels"`
	Pixels []float64 `json:"pixels"`
	Mixup  []blended `json:"mixup"`
	Cutmix []blended `json:"cutmix"`
}

type blended struct {
	Share    float64   `json:"share"`
	Centre   []float64 `json:"centre"`
	Pictures []float64 `json:"pictures"`
	Labels   []float64 `json:"labels"` // [N,C]
}

func readBlends(t *testing.T) (g blends) {
	t.Helper()
	data, err := os.ReadFile("testdata/blend.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// part is the pictures from to to.
func (g blends) part(from, to int) *vision.Batch {
	size := 3 * g.Side * g.Side
	b := &vision.Batch{N: to - from, Input: vision.Input{Size: g.Side, Std: [3]float64{1, 1, 1}}, Labels: g.Labels[from:to]}
	for _, v := range g.Pixels[from*size : to*size] {
		b.Pixels = append(b.Pixels, uint8(v))
	}
	return b
}

// Pictures are blended as torchvision blends them, in one batch and in parts of
// it.
func TestBlendsAreTorchvisions(t *testing.T) {
	g := readBlends(t)
	for name, cases := range map[string][]blended{"mixup": g.Mixup, "cutmix": g.Cutmix} {
		for _, want := range cases {
			for _, cuts := range [][]int{{0, 3}, {0, 2, 3}, {0, 1, 2, 3}} {
				s := rt.Scope(torch.Mode{})
				var parts []*vision.Batch
				for i := range len(cuts) - 1 {
					parts = append(parts, g.part(cuts[i], cuts[i+1]))
				}
				var got []float32
				for i, b := range parts {
					if len(parts) > 1 {
						b.Follow(parts[(i+len(parts)-1)%len(parts)])
					}
					left := want.Share
					if name == "mixup" {
						b.Mixup(want.Share)
					} else {
						left = b.Cutmix(want.Share, (want.Centre[0]+0.5)/float64(g.Side), (want.Centre[1]+0.5)/float64(g.Side))
					}
					if own := want.Labels[g.Labels[0]]; math.Abs(left-own) > 1e-6 {
						t.Errorf("%s %g: %g is left of a picture, torchvision leaves %g", name, want.Share, left, own)
					}
					x, _ := b.Tensors(s)
					got = append(got, s.Floats(x)...)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if len(got) != len(want.Pictures) {
					t.Fatalf("%d numbers, want %d", len(got), len(want.Pictures))
				}
				for i := range got {
					if math.Abs(float64(got[i])-want.Pictures[i]) > 1e-6 {
						t.Fatalf("%s %g at %v, cut at %v: number %d is %g, want %g", name, want.Share, want.Centre, cuts, i, got[i], want.Pictures[i])
					}
				}
			}
		}
	}
}
