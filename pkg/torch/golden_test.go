package torch_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// array is a tensor of testdata/golden.json, which hack/goldens/torch/golden.py
// made with PyTorch.
type array struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
	Ints  []int64   `json:"ints"`
}

type arrays map[string]array

type goldens struct {
	Cases     map[string]goldenCase `json:"cases"`
	BatchNorm goldenBatchNorm       `json:"batch_norm"`
	Clip      goldenClip            `json:"clip"`
	Adam      map[string]goldenAdam `json:"adam"`
}

func readGoldens(t testing.TB) goldens {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// source gives the arrays to parameters of their names.
func (as arrays) source(name string) ([]byte, torch.DType, []int, bool) {
	a, ok := as[name]
	return bytesOf(a.Data), torch.Float32, a.Shape, ok
}

func bytesOf(xs []float32) []byte {
	var out []byte
	for _, x := range xs {
		u := math.Float32bits(x)
		out = append(out, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	return out
}

// tensor makes a tensor of s from a.
func (a array) tensor(s *torch.Scope) *torch.Tensor {
	if a.Ints != nil {
		return torch.FromSlice(s, a.Ints, a.Shape...)
	}
	return torch.FromSlice(s, a.Data, a.Shape...)
}

// near fails the test where got is not want within tol, relative to the
// largest element: elements that cancel to nothing keep the rounding of what
// cancelled.
func near(t testing.TB, what string, got *torch.Tensor, s *torch.Scope, want array, tol float64) {
	t.Helper()
	values := s.Floats(got)
	if err := s.Err(); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if !slices.Equal(got.Shape(), want.Shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape)
		return
	}
	nearSlice(t, what, values, want.Data, tol)
}

func nearSlice(t testing.TB, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, want %d", what, len(got), len(want))
		return
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(float64(w)))
	}
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tol*max(largest, 1e-6)) {
			t.Errorf("%s: element %d is %v, want %v (off by %.2g of the largest)", what, i, got[i], want[i], d/largest)
			return
		}
	}
}
