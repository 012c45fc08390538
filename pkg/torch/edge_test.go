package torch_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/torch"
)

// Tensors without elements, and of no dimension, are tensors like others.
func TestEmptyAndScalarTensors(t *testing.T) {
	rt := one(t)
	s := scope(t, rt, torch.Mode{})
	for name, c := range map[string]struct {
		x     *torch.Tensor
		shape []int
		data  []float32
	}{
		"empty slice":        {torch.FromSlice(s, []float32{}, 0), []int{0}, []float32{}},
		"nil slice":          {torch.FromSlice[float32](s, nil, 3, 0), []int{3, 0}, []float32{}},
		"scalar":             {torch.FromSlice(s, []float32{4}), []int{}, []float32{4}},
		"scalar of bytes":    {s.FromBytes([]byte{0, 0, 128, 63}, torch.Float32), []int{}, []float32{1}},
		"no bytes":           {s.FromBytes(nil, torch.BFloat16, 0, 2), []int{0, 2}, []float32{}},
		"full of nothing":    {s.Full(2, torch.Float32, 2, 0), []int{2, 0}, []float32{}},
		"full scalar":        {s.Full(2, torch.Float32), []int{}, []float32{2}},
		"relu of nothing":    {s.ReLU(s.Zeros(torch.Float32, 0, 3)), []int{0, 3}, []float32{}},
		"sum of nothing":     {s.Sum(s.Zeros(torch.Float32, 0, 3)), []int{}, []float32{0}},
		"sum over nothing":   {s.SumDims(s.Zeros(torch.Float32, 0, 2), 0), []int{2}, []float32{0, 0}},
		"product of nothing": {s.MatMul(s.Zeros(torch.Float32, 2, 0), s.Zeros(torch.Float32, 0, 1)), []int{2, 1}, []float32{0, 0}},
		"narrowed away":      {s.Narrow(s.Ones(torch.Float32, 4), 0, 4, 0), []int{0}, []float32{}},
		"joined with none":   {s.Cat([]*torch.Tensor{s.Zeros(torch.Float32, 0), s.Ones(torch.Float32, 2)}, 0), []int{2}, []float32{1, 1}},
		"scalar as a matrix": {s.Reshape(s.Full(7, torch.Float32), 1, 1), []int{1, 1}, []float32{7}},
		"matrix as a scalar": {s.Reshape(s.Full(7, torch.Float32, 1, 1)), []int{}, []float32{7}},
	} {
		got := s.Floats(c.x)
		if err := s.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.shape, c.x.Shape()); diff != "" {
			t.Errorf("%s: shape (-want +got):\n%s", name, diff)
		}
		if !slices.Equal(got, c.data) {
			t.Errorf("%s: %v, want %v", name, got, c.data)
		}
		if n := c.x.Numel(); n != len(c.data) {
			t.Errorf("%s: %d elements, want %d", name, n, len(c.data))
		}
	}
	if m := s.Float(s.Mean(s.Zeros(torch.Float32, 0))); !math.IsNaN(m) {
		t.Errorf("the mean of nothing is %v, want NaN", m)
	}
}

func TestEmptyTensorsThatHaveNoAnswer(t *testing.T) {
	rt := one(t)
	for name, f := range map[string]func(s *torch.Scope){
		"argmax":      func(s *torch.Scope) { s.Argmax(s.Zeros(torch.Float32, 0), 0) },
		"item":        func(s *torch.Scope) { s.Float(s.Zeros(torch.Float32, 0)) },
		"max pool":    func(s *torch.Scope) { s.MaxPool2d(s.Zeros(torch.Float32, 1, 0, 4, 4), 2, 2, 0) },
		"adaptive":    func(s *torch.Scope) { s.AdaptiveAvgPool2d(s.Zeros(torch.Float32, 1, 1, 0, 4), 2, 2) },
		"reshape":     func(s *torch.Scope) { s.Reshape(s.Zeros(torch.Float32, 0), 0, -1) },
		"flat scalar": func(s *torch.Scope) { s.Select(s.Zeros(torch.Float32), 0, 0) },
	} {
		s := rt.Scope(torch.Mode{})
		f(s)
		if s.Close() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// More dimensions than are asked for at first.
func TestManyDimensions(t *testing.T) {
	s := scope(t, one(t), torch.Mode{})
	shape := []int{1, 2, 1, 1, 1, 1, 1, 1, 1, 3, 1, 1}
	x := s.Reshape(s.Ones(torch.Float32, 6), shape...)
	if got := x.Shape(); !slices.Equal(got, shape) || x.Numel() != 6 {
		t.Errorf("shape %v of %d elements, want %v of 6", got, x.Numel(), shape)
	}
}

func TestParametersOfBadShapes(t *testing.T) {
	rt := one(t)
	st := store(t, rt)
	for name, add := range map[string]func() (any, error){
		"negative":            func() (any, error) { return st.Param("p", zero, -1, 3) },
		"two negative":        func() (any, error) { return st.Param("p", zero, -2, -3) },
		"overflow":            func() (any, error) { return st.Param("p", zero, 1<<40, 1<<40) },
		"unknown type":        func() (any, error) { return st.Buffer("p", torch.DType(-3), zero, 1) },
		"bad range":           func() (any, error) { return st.Param("p", torch.Uniform(1, 0), 3) },
		"bad deviation":       func() (any, error) { return st.Param("p", torch.Normal(0, -1), 3) },
		"no fan-in":           func() (any, error) { return st.Param("p", torch.KaimingUniform(0), 3) },
		"linear":              func() (any, error) { return torch.NewLinear(st, "l", 0, 3, zero, zero) },
		"layer norm":          func() (any, error) { return torch.NewLayerNorm(st, "l", -1, 1e-5) },
		"embedding":           func() (any, error) { return torch.NewEmbedding(st, "l", 3, 0, -1, zero) },
		"embedding's pad row": func() (any, error) { return torch.NewEmbedding(st, "l", 3, 2, 3, zero) },
		"batch norm":          func() (any, error) { return torch.NewBatchNorm2d(st, "l", 0) },
		"convolution":         func() (any, error) { return torch.NewConv2d(st, "l", torch.Conv2dOptions{In: 1, Out: 1}) },
		"padding": func() (any, error) {
			return torch.NewConv2d(st, "l", torch.Conv2dOptions{In: 1, Out: 1, Kernel: 1, Padding: -1})
		},
	} {
		if _, err := add(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(st.All()); n != 0 || rt.Live() != 0 {
		t.Errorf("%d parameters, %d tensors were left", n, rt.Live())
	}
}

type label int32

// A named type is laid out as its kind, whatever its name.
func TestSlicesOfNamedTypes(t *testing.T) {
	s := scope(t, one(t), torch.Mode{})
	x := torch.FromSlice(s, []label{1, -2, 3}, 3)
	if x.DType() != torch.Int32 {
		t.Errorf("a slice of a named int32 is %v", x)
	}
	got := make([]label, 3)
	if err := torch.CopyOut(got, x); err != nil || !slices.Equal(got, []label{1, -2, 3}) {
		t.Errorf("read back %v, %v", got, err)
	}
}

func element[E torch.Element](t *testing.T, s *torch.Scope, want torch.DType, data ...E) {
	t.Helper()
	x := torch.FromSlice(s, data, len(data))
	got := make([]E, len(data))
	if err := torch.CopyOut(got, x); err != nil || !slices.Equal(got, data) || x.DType() != want {
		t.Errorf("%v of %v: read back %v, %v", x, data, got, err)
	}
}

func TestElementTypes(t *testing.T) {
	s := scope(t, one(t), torch.Mode{})
	element[uint8](t, s, torch.Uint8, 0, 255)
	element[int8](t, s, torch.Int8, -128, 127)
	element[int16](t, s, torch.Int16, math.MinInt16, math.MaxInt16)
	element[int32](t, s, torch.Int32, math.MinInt32, math.MaxInt32)
	element(t, s, torch.Int64, int64(math.MinInt64), math.MaxInt64)
	element(t, s, torch.Float32, float32(math.Inf(-1)), math.SmallestNonzeroFloat32)
	element(t, s, torch.Float64, math.MaxFloat64, math.SmallestNonzeroFloat64)
	b := torch.FromBool(s, []bool{true, false}, 2)
	if got := s.Ints(b); b.DType() != torch.Bool || !slices.Equal(got, []int64{1, 0}) {
		t.Errorf("%v reads %v", b, got)
	}
	half := s.Cast(torch.FromSlice(s, []float32{1.001, -3}, 2), torch.BFloat16)
	if got := s.Floats(half); !slices.Equal(got, []float32{1, -3}) {
		t.Errorf("bfloat16 reads %v", got)
	}
	if got, err := torch.CopyBytes(half); err != nil || !slices.Equal(got, []byte{0x80, 0x3f, 0x40, 0xc0}) {
		t.Errorf("bfloat16's bytes are %x, %v", got, err)
	}
}

// Copies convert, do not care for the layout, and refuse what does not fit.
func TestCopies(t *testing.T) {
	rt := one(t)
	s := scope(t, rt, torch.Mode{})
	x := torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	turned := s.Transpose(x, 0, 1)
	if got := s.Doubles(turned); !slices.Equal(got, []float64{1, 4, 2, 5, 3, 6}) {
		t.Errorf("a transposed tensor reads %v", got)
	}
	if err := torch.CopyIn(turned, bytesOf([]float32{1, 2, 3, 4, 5, 6}), torch.Float32); err != nil {
		t.Error(err)
	}
	if got := s.Ints(x); !slices.Equal(got, []int64{1, 3, 5, 2, 4, 6}) {
		t.Errorf("written through its transpose it reads %v", got)
	}
	for name, err := range map[string]error{
		"short destination": torch.CopyOut(make([]float32, 5), x),
		"long destination":  torch.CopyOut(make([]float32, 7), x),
		"short source":      torch.CopyIn(x, make([]byte, 23), torch.Float32),
		"unknown type":      torch.CopyIn(x, nil, torch.DType(44)),
		"overlapping":       torch.CopyIn(s.Expand(s.Ones(torch.Float32, 1), 4), make([]byte, 16), torch.Float32),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
