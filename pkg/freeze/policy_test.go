package freeze

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The recipe's freeze, block5 and the head, in all the ways to say it.
func TestVGGRecipe(t *testing.T) {
	params := vgg16()
	want := []string{
		"features.24.weight", "features.24.bias", "features.26.weight", "features.26.bias",
		"features.28.weight", "features.28.bias",
		"classifier.0.weight", "classifier.0.bias", "classifier.2.weight", "classifier.2.bias",
		"classifier.4.weight", "classifier.4.bias",
	}
	policies := map[string]Policy{
		"names":          Or(Names("features.24", "features.26", "features.28"), Names("classifier")),
		"frozen names":   Not(Names("features.[0-9]", "features.1?", "features.21")),
		"groups":         Groups("block5", "head"),
		"two last":       Last(2),
		"not four first": Not(First(4)),
		"where":          Where(func(p Param) bool { return p.Group == "block5" || p.Group == "head" }),
	}
	for _, flag := range []string{
		"!block5,!head", "all,!block5,!head", "block[1-4]", "block{1..4}", "blocks,!block5", "first:4", "!last 2",
		"!features.{24,26,28},!classifier", "features.{0..23}",
	} {
		p, err := Parse(flag, "")
		if err != nil {
			t.Fatalf("%q: %v", flag, err)
		}
		policies[flag] = p
	}
	for name, policy := range policies {
		plan, err := Compile(params, Spec{Policy: policy})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		mask := plan.At(Progress{})
		if diff := cmp.Diff(want, training(params, mask)); diff != "" {
			t.Errorf("%s: what trains (-want +got):\n%s", name, diff)
		}
		if got := plan.FrozenPrefix(mask); got != 4 {
			t.Errorf("%s: frozen prefix of %d groups, want 4", name, got)
		}
		// 3 convolutions of 512·512·9+512 and the head.
		if got := mask.Count(params); got != 3*(512*512*9+512)+25088*256+256+256*128+128+128*2+2 {
			t.Errorf("%s: %d parameters train", name, got)
		}
	}
}

func TestSelections(t *testing.T) {
	params := bert()
	for _, c := range []struct {
		name   string
		policy Policy
		want   []string
	}{
		{"all", All(), trainingGroups(params, All().Trainable(params, Progress{}))},
		{"zero value", Policy{}, trainingGroups(params, All().Trainable(params, Progress{}))},
		{"none", None(), nil},
		{"embeddings", Embeddings(), []string{"embeddings"}},
		{"last", Last(3), []string{"layer.11", "pooler", "head"}},
		{"first", First(2), []string{"embeddings", "layer.0"}},
		{"layer 1 is not layer 10", Groups("layer.1"), []string{"layer.1"}},
		{"the same by name", Names("bert.encoder.layer.1"), []string{"layer.1"}},
		{"without the shared prefix", Names("encoder.layer.1[01]"), []string{"layer.10", "layer.11"}},
		{"a range", Names("encoder.layer.{9..20}"), []string{"layer.9", "layer.10", "layer.11"}},
		{"across components", And(Names("**.query"), Groups("layer.0")), []string{"~layer.0"}},
		{"norms", And(Norms(), Groups("layer.0", "head", "embeddings")), []string{"~embeddings", "~layer.0"}},
		{"biases", And(Biases(), Last(2)), []string{"~pooler", "~head"}},
		{"not", Not(Blocks()), []string{"embeddings", "pooler", "head"}},
		{"none of nothing", Or(), nil},
		{"all of nothing", And(And(), Last(1)), []string{"head"}},
		{"later", From(AfterEpochs(1), All()), nil},
	} {
		if diff := cmp.Diff(c.want, trainingGroups(params, c.policy.Trainable(params, Progress{}))); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, diff)
		}
	}
	got := training(params, And(Names("**.LayerNorm.bias"), Groups("layer.3")).Trainable(params, Progress{}))
	want := []string{"bert.encoder.layer.3.attention.output.LayerNorm.bias", "bert.encoder.layer.3.output.LayerNorm.bias"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LayerNorm.bias (-want +got):\n%s", diff)
	}
}

// "features." is shared by all blocks and may be left out, but never so that
// it hides what a name's start says.
func TestSharedPrefixComesSecond(t *testing.T) {
	params := []Param{
		{Name: "conv1.weight", Group: "stem"},
		{Name: "net.conv1.weight", Group: "a"},
		{Name: "net.conv2.weight", Group: "b"},
		{Name: "head.conv2.weight", Group: "head"}, // of one group: not left out
	}
	for pattern, want := range map[string][]string{
		"conv1": {"conv1.weight"},
		"conv2": {"net.conv2.weight"},
		"net":   {"net.conv1.weight", "net.conv2.weight"},
	} {
		if diff := cmp.Diff(want, training(params, Names(pattern).Trainable(params, Progress{}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, diff)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		name             string
		freeze, unfreeze string
		params           []Param
		spec             Spec
		want             []string
		not              []string
	}{
		{name: "misspelt group", freeze: "blok5", params: vgg16(), want: []string{`--freeze: "blok5" matches no group and no parameter`, "near: block5"}},
		{name: "misspelt name", freeze: "encoder.layers.[0-5]", params: bert(), want: []string{"near: ", "encoder.layer.0"}},
		{name: "swapped letters", freeze: "biasse", params: vgg16(), want: []string{"near: biases"}},
		{name: "nothing near", freeze: "transformer.wte", params: vgg16()[:2], want: []string{`"transformer.wte"`}, not: []string{"near"}},
		{name: "all of them", freeze: "blok1,haed", unfreeze: "hed@0", params: vgg16(), want: []string{`--freeze: "blok1"`, `--freeze: "haed"`, `--unfreeze: "hed"`}},
		{name: "no embeddings", freeze: "embeddings", params: vgg16(), want: []string{"--freeze: the model has no embeddings"}},
		{name: "no norms", freeze: "norms", params: vgg16(), want: []string{"no normalisation layers"}},
		{name: "too many", freeze: "last:7", params: vgg16(), want: []string{"last 7 groups", "has 6", "block1"}},
		{name: "nothing trains", freeze: "all", params: vgg16(), want: []string{"--freeze, --unfreeze: nothing trains at the start"}},
		{name: "nothing trains yet", unfreeze: "head@1", params: vgg16(), want: []string{"--freeze, --unfreeze: nothing trains at the start"}},
		{name: "interrupted group", params: []Param{{Name: "a", Group: "x"}, {Name: "b", Group: "y"}, {Name: "c", Group: "x"}}, want: []string{`"c"`, `"x"`, `"y"`}},
		{name: "same name", params: []Param{{Name: "a"}, {Name: "a"}}, want: []string{`two parameters are named "a"`}},
		{name: "rates", params: vgg16(), spec: Spec{Rates: []float64{1}}, want: []string{"1 rates for 6 groups"}},
		{name: "negative", params: vgg16(), spec: Spec{Epochs: -1}, want: []string{"-1 epochs"}},
		{name: "negative rate", params: vgg16()[:2], spec: Spec{Rates: []float64{-1}}, want: []string{"is -1"}},
		{name: "unknown epoch", unfreeze: "head@0,block5@1", params: vgg16(), spec: Spec{WarmupSteps: 5}, want: []string{"length of an epoch"}},
		{name: "mixed units", unfreeze: "head@0,block5@1,block4@9steps", params: vgg16(), want: []string{"length of an epoch"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy, err := Parse(c.freeze, c.unfreeze)
			if err != nil {
				t.Fatal(err)
			}
			c.spec.Policy = policy
			plan, err := Compile(c.params, c.spec)
			if err == nil || plan != nil {
				t.Fatalf("plan %v, error %v", plan, err)
			}
			for _, w := range c.want {
				if strings.Count(err.Error(), w) != 1 && w != "near: " {
					t.Errorf("error %q does not say %q once", err, w)
				}
			}
			for _, w := range c.not {
				if strings.Contains(err.Error(), w) {
					t.Errorf("error %q says %q", err, w)
				}
			}
		})
	}
	for _, p := range []Policy{Names("features.["), Names("a..b"), Names("{1..x}"), Names("{a"), Names("a}"), Groups("{9..1}"), Names("{1..4000}{1..4000}"), Names("")} {
		if _, err := Compile(vgg16(), Spec{Policy: p}); err == nil || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("malformed pattern: error %v", err)
		}
	}
}

func TestPolicyIsPure(t *testing.T) {
	params := bert()
	rapid.Check(t, func(t *rapid.T) {
		policy, err := Parse(
			rapid.SampledFrom([]string{"", "embeddings", "norms", "layer.{0..5},biases", "!last:4"}).Draw(t, "freeze"),
			rapid.SampledFrom([]string{"", "gradual", "gradual/7steps", "plateau", "head@0, layer.11@1", "norms@0,gradual/2e", "all@0"}).Draw(t, "unfreeze"),
		)
		if err != nil {
			t.Fatal(err)
		}
		spec := Spec{Policy: policy, StepsPerEpoch: 10, Epochs: 20, WarmupSteps: rapid.IntRange(0, 30).Draw(t, "warm-up")}
		plan, err := Compile(params, spec)
		if err != nil {
			t.Fatal(err)
		}
		at, other := drawProgress(t), drawProgress(t)
		mask, factors := plan.At(at), plan.Factors(at)
		plan.At(other)
		plan.Factors(other)
		again, err := Compile(params, spec)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(mask, plan.At(at)) || !slices.Equal(mask, again.At(at)) || !slices.Equal(mask, policy.Trainable(params, at)) {
			t.Errorf("%+v: the mask changes between calls or after a restart", at)
		}
		if !slices.Equal(factors, plan.Factors(at)) || !slices.Equal(factors, again.Factors(at)) {
			t.Errorf("%+v: the factors change between calls or after a restart", at)
		}
		for g, f := range factors {
			trains := slices.ContainsFunc(plan.Groups()[g].Params, func(i int) bool { return mask[i] })
			if f < 0 || f > 1 || f > 0 && !trains {
				t.Errorf("%+v: factor %v of group %d, which trains: %v", at, f, g, trains)
			}
			if w := plan.Warmup(g, at); trains && w != f {
				t.Errorf("%+v: warm-up %v and factor %v of group %d", at, w, f, g)
			}
		}
		mask[0] = !mask[0] // the caller's own
		if slices.Equal(mask, plan.At(at)) {
			t.Errorf("a mask shares the plan's memory")
		}
	})
}

// drawProgress draws a point of a training with 10 steps an epoch.
func drawProgress(t *rapid.T) Progress {
	step := rapid.IntRange(0, 250).Draw(t, "step")
	at := Progress{Step: step, Epoch: step / 10}
	for s := 0; s < step; {
		if s += rapid.IntRange(1, 100).Draw(t, "plateau"); s <= step {
			at.Plateaus = append(at.Plateaus, s)
		}
	}
	return at
}

// Compile refuses groups in disorder; a bare policy still answers, and each run
// of a group is one of its own.
func TestInterruptedGroups(t *testing.T) {
	params := []Param{{Name: "a", Group: "x"}, {Name: "b", Group: "y"}, {Name: "c", Group: "x"}}
	for _, c := range []struct {
		policy Policy
		want   []string
	}{
		{Last(1), []string{"c"}},
		{Groups("x"), []string{"a", "c"}},
		{Names("b"), []string{"b"}},
	} {
		if diff := cmp.Diff(c.want, training(params, c.policy.Trainable(params, Progress{}))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestErrorsOfPoliciesInGo(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		want   string
	}{
		{Groups("blok5"), `"blok5" matches no group, near: block5`},
		{Names("feature.24"), `"feature.24" matches no parameter, near: features.24`},
		{Last(0), "the last 0 groups"},
		{And(Norms(), All()), "the model has no normalisation layers"},
	} {
		_, err := Compile(vgg16(), Spec{Policy: c.policy})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "--") {
			t.Errorf("error %v, want %q and no flag", err, c.want)
		}
	}
}

func TestFrozenPrefix(t *testing.T) {
	plan, err := Compile(vgg16(), Spec{})
	if err != nil {
		t.Fatal(err)
	}
	mask := make(Mask, len(vgg16()))
	if got := plan.FrozenPrefix(mask); got != 6 {
		t.Errorf("all frozen: prefix of %d groups, want 6", got)
	}
	mask[1] = true // a bias of block1
	if got := plan.FrozenPrefix(mask); got != 0 {
		t.Errorf("a bias of the lowest group trains: prefix of %d groups, want 0", got)
	}
}
