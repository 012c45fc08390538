package tensorfile

import (
	"strconv"
	"strings"
)

// kerasLayer holds a layer's tensors, the zero Tensor where one is missing.
type kerasLayer struct{ kernel, bias Tensor }

// namedLayers finds the layers whose names stand in the path, as in
// block1_conv1/block1_conv1_W_1:0 (Keras 1) or
// model_weights/block1_conv1/vgg16/block1_conv1/kernel (Keras 3's .h5).
func namedLayers(f *File) map[string]*kerasLayer {
	known := make(map[string]bool)
	for _, l := range kerasConvs {
		known[l.keras] = true
	}
	for _, l := range kerasDenses {
		known[l.keras] = true
	}
	out := make(map[string]*kerasLayer)
	for t := range f.All() {
		segments := strings.Split(t.Name, "/")
		if strings.HasPrefix(segments[0], "optimizer") { // moments are called as their weights
			continue
		}
		last := len(segments) - 1
		for _, s := range segments[:last] {
			if known[s] {
				if out[s] == nil {
					out[s] = new(kerasLayer)
				}
				out[s].set(variable(segments[last]), t)
				break
			}
		}
	}
	return out
}

func (l *kerasLayer) set(variable string, t Tensor) {
	switch variable {
	case "kernel", "W":
		l.kernel = t
	case "bias", "b":
		l.bias = t
	}
}

// variable returns what a dataset's name says of its role: the last word of
// block1_conv1_W_1:0 that is no number is W.
func variable(name string) string {
	name, _, _ = strings.Cut(name, ":")
	words := strings.Split(name, "_")
	for i := len(words) - 1; i > 0; i-- {
		if _, err := strconv.Atoi(words[i]); err != nil {
			return words[i]
		}
	}
	return words[0]
}

// numbered is a place in the files of Keras 3 and late tf.keras, which name a
// layer by its class and a count, and its variables by their order.
type numbered struct {
	prefix, class string
	layer         int // 0, 1, ... of the class, in the model's order
	variable      string
}

// parseNumbered takes PREFIX/layers/conv2d_7/vars/0 apart.
func parseNumbered(name string) (n numbered, ok bool) {
	s := strings.Split(name, "/")
	if len(s) < 4 || s[len(s)-2] != "vars" {
		return n, false
	}
	place := len(s) - 4
	if s[place] != "layers" && s[place] != "_layer_checkpoint_dependencies" {
		return n, false
	}
	class, count, counted := strings.Cut(s[place+1], "_")
	if class != "conv2d" && class != "dense" {
		return n, false
	}
	if counted { // the first has no number
		k, err := strconv.Atoi(count)
		if err != nil {
			return n, false
		}
		n.layer = k
	}
	n.prefix, n.class, n.variable = strings.Join(s[:place], "/"), class, s[len(s)-1]
	return n, true
}

// numberedLayers finds the group with thirteen numbered convolutions, and its
// dense layers if there are three.
func numberedLayers(f *File) map[string]*kerasLayer {
	type key struct {
		prefix, class string
		layer         int
	}
	layers := make(map[key]*kerasLayer)
	for t := range f.All() {
		n, ok := parseNumbered(t.Name)
		if !ok {
			continue
		}
		k := key{n.prefix, n.class, n.layer}
		if layers[k] == nil {
			layers[k] = new(kerasLayer)
		}
		switch n.variable {
		case "0":
			layers[k].kernel = t
		case "1":
			layers[k].bias = t
		}
	}
	out := make(map[string]*kerasLayer)
	for k := range layers {
		p := k.prefix
		if k.class != "conv2d" || k.layer != len(kerasConvs)-1 || layers[key{p, "conv2d", len(kerasConvs)}] != nil {
			continue
		}
		for i, l := range kerasConvs {
			out[l.keras] = layers[key{p, "conv2d", i}]
		}
		if layers[key{p, "dense", 2}] == nil || layers[key{p, "dense", 3}] != nil {
			continue
		}
		for i, l := range kerasDenses {
			out[l.keras] = layers[key{p, "dense", i}]
		}
	}
	return out
}
