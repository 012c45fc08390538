package freeze_test

import (
	"fmt"

	"github.com/gotune/gotune/pkg/freeze"
)

// tiny is a model of five groups; a real one publishes its own list.
func tiny() []freeze.Param {
	return []freeze.Param{
		{Name: "embeddings.weight", Group: "embeddings", Numel: 4000},
		{Name: "encoder.layer.0.weight", Group: "layer.0", Numel: 1200},
		{Name: "encoder.layer.0.bias", Group: "layer.0", Numel: 40, Bias: true},
		{Name: "encoder.layer.1.weight", Group: "layer.1", Numel: 1200},
		{Name: "encoder.layer.1.bias", Group: "layer.1", Numel: 40, Bias: true},
		{Name: "classifier.weight", Group: "head", Numel: 80},
		{Name: "classifier.bias", Group: "head", Numel: 2, Bias: true},
	}
}

func ExampleParse() {
	policy, err := freeze.Parse("embeddings, encoder.layer.0", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, trains := range policy.Trainable(tiny(), freeze.Progress{}) {
		if trains {
			fmt.Println(tiny()[i].Name)
		}
	}
	// Output:
	// encoder.layer.1.weight
	// encoder.layer.1.bias
	// classifier.weight
	// classifier.bias
}

// Gradual unfreezing: the head first, then a group an epoch.
func ExampleCompile() {
	policy, err := freeze.Parse("embeddings", "gradual every 1 epoch")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := freeze.Compile(tiny(), freeze.Spec{
		Policy: policy, StepsPerEpoch: 100, Epochs: 3, WarmupSteps: 20,
		Rates: []float64{1, 0.25, 0.5, 1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Timetable())
	// Output:
	// when           step  group       trains     of   rate   warm-up
	// start             0  head            82     82     ×1         -
	// after epoch 1   100  layer.1      1,240  1,240   ×0.5  20 steps
	// after epoch 2   200  layer.0      1,240  1,240  ×0.25  20 steps
	// never             -  embeddings       0  4,000      -         -
	// 82 of 6,562 parameters train at the start (1.2 %), 2,562 at the end (39.0 %)
}

// A name that the model does not have is an error.
func ExampleCompile_misspelt() {
	policy, err := freeze.Parse("encoder.layers.0", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = freeze.Compile(tiny(), freeze.Spec{Policy: policy})
	fmt.Println(err)
	// Output:
	// --freeze: "encoder.layers.0" matches no group and no parameter, near: encoder.layer.0, encoder.layer.1, encoder.layer
}

// What the training loop asks at each step.
func ExamplePlan() {
	policy := freeze.Gradual(freeze.AfterSteps(100), freeze.All())
	plan, err := freeze.Compile(tiny(), freeze.Spec{Policy: policy, WarmupSteps: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := freeze.Progress{Step: 110}
	mask := plan.At(at)
	fmt.Println("groups without gradients:", plan.FrozenPrefix(mask))
	fmt.Println("factors on the rate:", plan.Factors(at))
	// Output:
	// groups without gradients: 2
	// factors on the rate: [0 0 0.5 1]
}

// The documented VGG16 recipe trains the last block and the head.
func ExampleNames() {
	recipe := freeze.Names("features.24", "features.26", "features.28", "classifier")
	mask := recipe.Trainable([]freeze.Param{
		{Name: "features.21.weight", Group: "block4"},
		{Name: "features.24.weight", Group: "block5"},
		{Name: "classifier.0.weight", Group: "head"},
	}, freeze.Progress{})
	fmt.Println(mask)
	// Output: [false true true]
}

// Everything but the biases, and the embeddings only after two epochs.
func ExampleFrom() {
	policy := freeze.And(
		freeze.Not(freeze.Biases()),
		freeze.Or(freeze.Not(freeze.Embeddings()), freeze.From(freeze.AfterEpochs(2), freeze.Embeddings())),
	)
	for _, epoch := range []int{0, 2} {
		fmt.Println(policy.Trainable(tiny(), freeze.Progress{Epoch: epoch}))
	}
	// Output:
	// [false true false true false true false]
	// [true true false true false true false]
}

func ExampleParsePoint() {
	for _, text := range []string{"1", "500steps", "plateau"} {
		p, err := freeze.ParsePoint(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p)
	}
	// Output:
	// after epoch 1
	// after step 500
	// after plateau 1
}

func ExampleGroupsOf() {
	groups, err := freeze.GroupsOf(tiny())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range groups {
		fmt.Println(g.Name, g.Params)
	}
	// Output:
	// embeddings [0]
	// layer.0 [1 2]
	// layer.1 [3 4]
	// head [5 6]
}
