package freeze

import (
	"fmt"
	"strings"
)

// vgg16 returns the parameters of VGG16 in torchvision's names, with the
// recipe's head of 256, 128 and 2 units.
func vgg16() []Param {
	var ps []Param
	layer := func(name, group string, in, out, kernel int) {
		ps = append(ps, Param{Name: name + ".weight", Group: group, Numel: in * out * kernel})
		ps = append(ps, Param{Name: name + ".bias", Group: group, Numel: out, Bias: true})
	}
	index, in := 0, 3
	for block, widths := range [][]int{{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}} {
		for _, out := range widths {
			layer(fmt.Sprintf("features.%d", index), fmt.Sprintf("block%d", block+1), in, out, 9)
			in = out
			index += 2 // a ReLU between
		}
		index++ // the pooling
	}
	layer("classifier.0", "head", 512*7*7, 256, 1)
	layer("classifier.2", "head", 256, 128, 1)
	layer("classifier.4", "head", 128, 2, 1)
	return ps
}

// bert returns the parameters of a BERT classifier with 12 layers of width 8.
func bert() []Param {
	const h = 8
	var ps []Param
	add := func(group string, numel int, names ...string) {
		for _, n := range names {
			ps = append(ps, Param{
				Name: n, Group: group, Numel: numel,
				Norm: strings.Contains(n, "LayerNorm"), Bias: strings.HasSuffix(n, ".bias"),
			})
		}
	}
	add("embeddings", 100*h, "bert.embeddings.word_embeddings.weight", "bert.embeddings.position_embeddings.weight")
	add("embeddings", h, "bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias")
	for i := range 12 {
		group, at := fmt.Sprintf("layer.%d", i), fmt.Sprintf("bert.encoder.layer.%d.", i)
		add(group, h*h, at+"attention.self.query.weight")
		add(group, h, at+"attention.self.query.bias", at+"attention.output.LayerNorm.weight", at+"attention.output.LayerNorm.bias")
		add(group, 4*h*h, at+"output.dense.weight")
		add(group, h, at+"output.dense.bias", at+"output.LayerNorm.weight", at+"output.LayerNorm.bias")
	}
	add("pooler", h*h, "bert.pooler.dense.weight")
	add("pooler", h, "bert.pooler.dense.bias")
	add("head", 2*h, "classifier.weight")
	add("head", 2, "classifier.bias")
	return ps
}

// training returns the names of what trains.
func training(params []Param, mask Mask) []string {
	var names []string
	for i, p := range params {
		if mask[i] {
			names = append(names, p.Name)
		}
	}
	return names
}

// trainingGroups returns "name" of the groups that train entirely and "~name"
// of those that train in part.
func trainingGroups(params []Param, mask Mask) []string {
	groups, _ := GroupsOf(params)
	var names []string
	for _, g := range groups {
		n := 0
		for _, i := range g.Params {
			if mask[i] {
				n++
			}
		}
		switch n {
		case 0:
		case len(g.Params):
			names = append(names, g.Name)
		default:
			names = append(names, "~"+g.Name)
		}
	}
	return names
}
