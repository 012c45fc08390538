package vision_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// golden is what torchvision computes with weights and input that both sides
// make: hack/goldens/vision/parity.py, which says in what way and why. Logits and
// gradients are from float64, what training leads to from float32.
type golden struct {
	Side    int
	Rate    float64 // of learning
	Tensors string  // SHA-256 of the state dict's names and shapes, in order
	Logits  []float64
	Losses  map[string][]float64 // of ten steps, by Adam's eps
	Frozen  []float64            // losses where all but the last stage and the head is frozen
	// Float32 is how far PyTorch itself is off in float32.
	Float32 struct{ Logits, Gradients float64 }

	sketches map[string][][]float32 // gradients, statistics, frozen: a row a tensor
	norms    []float32              // of the gradients
}

const buckets = 8 // of a sketch

func readGoldens(t testing.TB) map[string]*golden {
	t.Helper()
	data, err := os.ReadFile("testdata/torchvision.json")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]*golden
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	f, err := tensorfile.Open("testdata/torchvision.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for x := range f.All() {
		v, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		i := strings.LastIndex(x.Name, "/")
		g := out[x.Name[:i]]
		if g == nil {
			t.Fatalf("numbers %s without a case", x.Name)
		}
		if x.Name[i+1:] == "norms" {
			g.norms = v
			continue
		}
		if g.sketches == nil {
			g.sketches = make(map[string][][]float32)
		}
		for ; len(v) > 0; v = v[buckets:] {
			g.sketches[x.Name[i+1:]] = append(g.sketches[x.Name[i+1:]], v[:buckets])
		}
	}
	return out
}

// open returns the model of a case such as "vgg16/documented".
func (g *golden) open(t testing.TB, key string) *vision.Model {
	t.Helper()
	arch, head, _ := strings.Cut(key, "/")
	cfg := vision.DefaultConfig(arch, head, []string{"a", "b", "c"})
	cfg.ImageSize, cfg.ResizeShortSide = g.Side, g.Side+g.Side/7
	m, err := vision.New(rt, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// mix is the i-th hash of 32 bits under a seed: the finish of MurmurHash3 on a
// Weyl sequence.
func mix(i, seed uint32) uint32 {
	h := i*0x9e3779b1 + seed
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// seedOf is FNV-1a.
func seedOf(name string) uint32 {
	h := uint32(2166136261)
	for _, b := range []byte(name) {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}

// uniform returns n numbers in [-1, 1), multiples of 2^-23.
func uniform(name string, n int) []float32 {
	out, seed := make([]float32, n), seedOf(name)
	for i := range out {
		out[i] = float32(mix(uint32(i), seed)>>8)*0x1p-23 - 1
	}
	return out
}

// fill sets the oracle's weights; gate is explained there.
func fill(t testing.TB, m *vision.Model, gate bool) {
	t.Helper()
	fillSome(t, m, gate, func([]int) bool { return true })
}

// refill is fill where the weights are the oracle's already: gate changes norms and
// biases alone, and a step that updates nothing, norms' statistics.
func refill(t testing.TB, m *vision.Model, gate bool) {
	t.Helper()
	fillSome(t, m, gate, func(shape []int) bool { return len(shape) < 2 })
}

func fillSome(t testing.TB, m *vision.Model, gate bool, wanted func(shape []int) bool) {
	t.Helper()
	last := ".bn2."
	if a := m.Config.Architecture; a == "resnet50" || a == "resnet101" || a == "resnet152" {
		last = ".bn3."
	}
	s := rt.Scope(torch.Mode{})
	for _, p := range m.Store().All() {
		if strings.HasSuffix(p.Name, "num_batches_tracked") {
			s.Fill_(p.T, 0)
			continue
		}
		shape := p.T.Shape()
		if !wanted(shape) {
			continue
		}
		v := uniform(p.Name, p.T.Numel())
		branch := float32(1)
		if strings.Contains(p.Name, last) {
			if branch = 0.25; gate {
				branch = 1.0 / 16
			}
		}
		switch {
		case len(shape) > 1:
			scale := float32(math.Sqrt(6 / float64(len(v)/shape[0])))
			for i := range v {
				v[i] *= scale
			}
		case strings.HasSuffix(p.Name, "running_var"):
			for i := range v {
				v[i] = 1 + v[i]/8
			}
		case strings.HasSuffix(p.Name, "weight"):
			for i := range v {
				v[i] = (1 + v[i]/8) * branch
			}
		default:
			for i := range v {
				v[i] /= 32
				if gate && p.Norm {
					v[i] = (v[i] + float32(2-4*(i%2))) * branch
				}
			}
		}
		s.Copy_(p.T, torch.FromSlice(s, v, shape...))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// input makes the oracle's batch: two pictures, of which the second is faint.
func input(s *torch.Scope, side int) (x, y *torch.Tensor) {
	v := uniform("input", 2*3*side*side)
	for i := range v {
		v[i] *= 2
		if i >= len(v)/2 {
			v[i] /= 4
		}
	}
	return torch.FromSlice(s, v, 2, 3, side, side), torch.FromSlice(s, []int64{0, 2}, 2)
}

// sketchOf condenses a tensor's elements, in PyTorch's order, to 8 numbers.
func sketchOf(name string, v []float32) (out [buckets]float64) {
	seed := seedOf(name)
	for i, x := range v {
		h := mix(uint32(i), seed)
		if h&1 == 0 {
			x = -x
		}
		out[(h>>1)%buckets] += float64(x)
	}
	return out
}

// apart estimates the distance of the tensors behind two sketches.
func apart(got [buckets]float64, want []float32) float64 {
	sum := 0.0
	for i, v := range got {
		d := v - float64(want[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// tensorsOf is golden's hash of names and shapes.
func tensorsOf(st *torch.Store) string {
	h := sha256.New()
	for _, p := range st.All() {
		fmt.Fprintf(h, "%s [%s]\n", p.Name, strings.Trim(strings.ReplaceAll(fmt.Sprint(p.T.Shape()), " ", ", "), "[]"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
