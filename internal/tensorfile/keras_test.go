package tensorfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestKerasVGG16 runs torchvision's network, written out below, on the converted
// weights and compares with what Keras computed with the file it came from.
func TestKerasVGG16(t *testing.T) {
	golden := open(t, "testdata/keras.safetensors")
	for _, c := range []struct {
		path, golden string
		top          bool
	}{
		{"keras1_top.h5", "top", true},
		{"keras3_top.h5", "top", true},
		{"keras3_top.weights.h5", "top", true},
		{"keras2_notop.h5", "notop", false},
		{"keras3_nested.weights.h5", "notop", false},
	} {
		t.Run(c.path, func(t *testing.T) {
			tensors, err := KerasVGG16ToTorch(open(t, "testdata/"+c.path))
			if err != nil {
				t.Fatal(err)
			}
			net := make(map[string]Tensor)
			for _, x := range tensors {
				net[x.Name] = x
			}
			if want := map[bool]int{true: 32, false: 26}[c.top]; len(net) != want {
				t.Fatalf("%d tensors, want %d", len(net), want)
			}
			input, _ := golden.Tensor(c.golden + ".input")
			output, _ := golden.Tensor(c.golden + ".output")
			x := fromNHWC(t, input)
			for _, conv := range kerasConvs {
				if slices.Contains([]int{5, 10, 17, 24}, conv.torch) {
					x = x.maxPool()
				}
				x = x.conv(t, net, fmt.Sprintf("features.%d", conv.torch))
			}
			x = x.maxPool()
			want := fromNHWC(t, output).data
			if c.top {
				x = x.linear(t, net, "classifier.0").relu().linear(t, net, "classifier.3").relu().linear(t, net, "classifier.6")
			}
			if len(x.data) != len(want) {
				t.Fatalf("%d outputs, want %d", len(x.data), len(want))
			}
			// Sums of up to 45 products in float32, in another order than
			// Keras': 1e-5 of the largest output.
			scale, diff := 0.0, 0.0
			for i := range want {
				scale = max(scale, math.Abs(float64(want[i])))
				diff = max(diff, math.Abs(float64(x.data[i]-want[i])))
			}
			if scale < 0.01 || diff > 1e-5*scale {
				t.Errorf("largest difference %g, largest output %g", diff, scale)
			}
		})
	}
}

// activation is [C,H,W].
type activation struct {
	c, h, w int
	data    []float32
}

// fromNHWC takes the one image of a batch; a matrix [1,n] counts as n channels.
func fromNHWC(t *testing.T, x Tensor) activation {
	t.Helper()
	v, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	s := x.Shape
	if len(s) == 2 {
		return activation{s[1], 1, 1, v}
	}
	a := activation{s[3], s[1], s[2], make([]float32, len(v))}
	for i := range v {
		c, p := i%a.c, i/a.c
		a.data[c*a.h*a.w+p] = v[i]
	}
	return a
}

// weights returns a layer's weight and bias.
func weights(t *testing.T, net map[string]Tensor, name string) (w, b []float32) {
	t.Helper()
	w, err := net[name+".weight"].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	b, err = net[name+".bias"].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return w, b
}

// conv is a 3×3 convolution with padding 1, and ReLU. Its weight is [O,I,3,3].
func (a activation) conv(t *testing.T, net map[string]Tensor, name string) activation {
	t.Helper()
	w, b := weights(t, net, name)
	if s := net[name+".weight"].Shape; !slices.Equal(s, []int{len(b), a.c, 3, 3}) {
		t.Fatalf("%s: shape %v for %d channels", name, s, a.c)
	}
	out := activation{len(b), a.h, a.w, make([]float32, len(b)*a.h*a.w)}
	for o := range out.c {
		for y := range a.h {
			for x := range a.w {
				sum := b[o]
				for i := range a.c {
					for k := range 9 {
						yy, xx := y+k/3-1, x+k%3-1
						if yy >= 0 && yy < a.h && xx >= 0 && xx < a.w {
							sum += w[(o*a.c+i)*9+k] * a.data[(i*a.h+yy)*a.w+xx]
						}
					}
				}
				out.data[(o*a.h+y)*a.w+x] = sum
			}
		}
	}
	return out.relu()
}

func (a activation) relu() activation {
	for i, v := range a.data {
		a.data[i] = max(0, v)
	}
	return a
}

func (a activation) maxPool() activation {
	out := activation{a.c, a.h / 2, a.w / 2, make([]float32, len(a.data)/4)}
	for i := range out.data {
		x, y, c := i%out.w, i/out.w%out.h, i/(out.w*out.h)
		at := (c*a.h+2*y)*a.w + 2*x
		out.data[i] = max(a.data[at], a.data[at+1], a.data[at+a.w], a.data[at+a.w+1])
	}
	return out
}

// linear flattens [C,H,W] and multiplies by [out,in].
func (a activation) linear(t *testing.T, net map[string]Tensor, name string) activation {
	t.Helper()
	w, b := weights(t, net, name)
	in := len(a.data)
	if s := net[name+".weight"].Shape; !slices.Equal(s, []int{len(b), in}) {
		t.Fatalf("%s: shape %v for %d inputs", name, s, in)
	}
	out := activation{len(b), 1, 1, slices.Clone(b)}
	for o := range b {
		for i, v := range a.data {
			out.data[o] += w[o*in+i] * v
		}
	}
	return out
}

// TestKerasArchive finds the weights in a .keras file, stored or compressed.
func TestKerasArchive(t *testing.T) {
	weights, err := os.ReadFile("testdata/keras3_top.weights.h5")
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		for name, data := range map[string][]byte{"config.json": []byte("{}"), kerasWeights: weights} {
			m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := read("vgg16.keras", buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sameTensors(t, f, open(t, "testdata/keras3_top.weights.h5"), "")
	}
}

func TestKerasVGG16Errors(t *testing.T) {
	full := open(t, "testdata/keras1_top.h5")
	without := func(name string) []Tensor {
		var out []Tensor
		for x := range full.All() {
			if x.Name != name {
				out = append(out, x)
			}
		}
		return out
	}
	reshaped := func(name string, shape ...int) []Tensor {
		x := Tensor{Name: name, DType: F32, Shape: shape}
		x.Data = make([]byte, 4*x.Numel())
		return append(without(name), x)
	}
	for _, c := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{{Name: "w", DType: U8, Shape: []int{1}, Data: []byte{1}}}, "layer block1_conv1: no kernel"},
		{without("block3_conv2/block3_conv2_W_1:0"), "layer block3_conv2: no kernel"},
		{without("block3_conv2/block3_conv2_b_1:0"), "layer block3_conv2: no bias"},
		{without("fc2/fc2_W_1:0"), "layer fc2: no kernel"},
		{reshaped("block1_conv2/block1_conv2_W_1:0", 3, 3, 4, 3), `tensor "block1_conv2/block1_conv2_W_1:0": shape [3 3 4 3] is not [3 3 3 out]`},
		{reshaped("block1_conv1/block1_conv1_W_1:0", 5, 3, 3, 3), "shape [5 3 3 3] is not"},
		{reshaped("block1_conv1/block1_conv1_W_1:0", 9, 3), "is no kernel of rank 4"},
		{reshaped("block1_conv1/block1_conv1_b_1:0", 2), `tensor "block1_conv1/block1_conv1_b_1:0": shape [2], want [3]`},
		{reshaped("fc1/fc1_W_1:0", 21, 6), "21 inputs are no square feature map of 5 channels"},
		{reshaped("fc2/fc2_W_1:0", 5, 7), "the layer before has 6 units"},
	} {
		f, err := newFile("x.h5", content{format: HDF5, tensors: c.tensors})
		if err != nil {
			t.Fatal(err)
		}
		_, err = KerasVGG16ToTorch(f)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.h5") {
			t.Errorf("error %v, want %q and the path", err, c.want)
		}
	}
}
