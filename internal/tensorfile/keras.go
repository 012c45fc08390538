package tensorfile

import "fmt"

// kerasConvs are VGG16's convolutions in Keras' names, and the positions of the
// same ones among torchvision's features (configuration D of Simonyan &
// Zisserman 2014; ReLU and pooling take the numbers between).
var kerasConvs = [...]struct {
	keras string
	torch int
}{
	{"block1_conv1", 0},
	{"block1_conv2", 2},
	{"block2_conv1", 5},
	{"block2_conv2", 7},
	{"block3_conv1", 10},
	{"block3_conv2", 12},
	{"block3_conv3", 14},
	{"block4_conv1", 17},
	{"block4_conv2", 19},
	{"block4_conv3", 21},
	{"block5_conv1", 24},
	{"block5_conv2", 26},
	{"block5_conv3", 28},
}

// kerasDenses are the layers of the top.
var kerasDenses = [...]struct {
	keras string
	torch int
}{
	{"fc1", 0},
	{"fc2", 3},
	{"predictions", 6},
}

// KerasVGG16ToTorch returns the weights of a Keras VGG16 under torchvision's
// names and in its layout: features.N.weight [O,I,3,3] and .bias, and, where the
// file has the top, classifier.{0,3,6}.weight [out,in] and .bias. The data is a
// copy and outlives f.
//
// Keras flattens [H,W,C], torchvision [C,H,W]: the first dense kernel is
// permuted accordingly, for a square feature map. Colours are not: the network
// still wants BGR with Keras' means, if that is what it was trained on.
//
// The layers are found by name, block1_conv1 and so on, in whatever groups a
// version of Keras puts them, or by the order of the numbered conv2d and dense
// groups that Keras 3 writes. Widths are free; other layers are left aside. A
// missing layer or a kernel of another shape is an error that names it.
func KerasVGG16ToTorch(f *File) ([]Tensor, error) {
	m := kerasModel{file: f, layers: namedLayers(f)}
	if len(m.layers) == 0 {
		m.layers = numberedLayers(f)
	}
	if err := m.convs(); err != nil {
		return nil, fmt.Errorf("%s as Keras VGG16: %w", f.Path(), err)
	}
	if err := m.denses(); err != nil {
		return nil, fmt.Errorf("%s as Keras VGG16: %w", f.Path(), err)
	}
	return m.out, nil
}

// kerasModel converts layer by layer.
type kerasModel struct {
	file     *File
	layers   map[string]*kerasLayer
	channels int // of the feature map so far
	out      []Tensor
}

func (m *kerasModel) convs() error {
	for i, c := range kerasConvs {
		l, err := m.layer(c.keras, 4)
		if err != nil {
			return err
		}
		s := l.kernel.Shape // [kh, kw, in, out]
		if s[0] != 3 || s[1] != 3 || (i > 0 && s[2] != m.channels) {
			return fmt.Errorf("tensor %q: shape %v is not [3 3 %d out], height, width, in and out channels",
				l.kernel.Name, s, m.channels)
		}
		in, out := s[2], s[3]
		m.add(fmt.Sprintf("features.%d", c.torch), l,
			[]int{out, in, 3, 3}, []int{out, in, 3, 3}, []int{1, out, 3 * in * out, in * out})
		m.channels = out
	}
	return nil
}

func (m *kerasModel) denses() error {
	if m.layers[kerasDenses[0].keras] == nil {
		return nil // without top
	}
	units := 0
	for i, d := range kerasDenses {
		l, err := m.layer(d.keras, 2)
		if err != nil {
			return err
		}
		in, out := l.kernel.Shape[0], l.kernel.Shape[1]
		name := fmt.Sprintf("classifier.%d", d.torch)
		if i > 0 {
			if in != units {
				return fmt.Errorf("tensor %q: shape %v, the layer before has %d units", l.kernel.Name, l.kernel.Shape, units)
			}
			m.add(name, l, []int{out, in}, []int{out, in}, []int{1, out})
			units = out
			continue
		}
		side := 0
		for side*side*m.channels < in {
			side++
		}
		if side*side*m.channels != in {
			return fmt.Errorf("tensor %q: %d inputs are no square feature map of %d channels", l.kernel.Name, in, m.channels)
		}
		m.add(name, l, []int{out, in},
			[]int{out, m.channels, side, side}, []int{1, out, side * m.channels * out, m.channels * out})
		units = out
	}
	return nil
}

// layer returns a layer whose kernel has that rank and whose bias fits it.
func (m *kerasModel) layer(name string, rank int) (*kerasLayer, error) {
	l := m.layers[name]
	switch {
	case l == nil || l.kernel.Name == "":
		return nil, fmt.Errorf("layer %s: no kernel", name)
	case l.bias.Name == "":
		return nil, fmt.Errorf("layer %s: no bias", name)
	case !l.kernel.DType.Float() || len(l.kernel.Shape) != rank || l.kernel.Numel() == 0:
		return nil, fmt.Errorf("tensor %q: %s of shape %v is no kernel of rank %d",
			l.kernel.Name, l.kernel.DType, l.kernel.Shape, rank)
	case len(l.bias.Shape) != 1 || l.bias.Shape[0] != l.kernel.Shape[rank-1]:
		return nil, fmt.Errorf("tensor %q: shape %v, want [%d]", l.bias.Name, l.bias.Shape, l.kernel.Shape[rank-1])
	}
	return l, nil
}

// add gathers the kernel by view and strides into the shape, and copies the bias.
func (m *kerasModel) add(name string, l *kerasLayer, shape, view, strides []int) {
	k, b := l.kernel, l.bias
	data := make([]byte, len(k.Data))
	copyStrided(data, k.Data, k.DType.Size(), view, strides)
	m.out = append(m.out,
		Tensor{Name: name + ".weight", DType: k.DType, Shape: shape, Data: data},
		Tensor{Name: name + ".bias", DType: b.DType, Shape: []int{b.Shape[0]}, Data: append([]byte{}, b.Data...)})
}
