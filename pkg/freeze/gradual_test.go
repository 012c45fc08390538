package freeze

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestUnfreezing(t *testing.T) {
	params := vgg16()
	type want struct {
		at     Progress
		groups []string
	}
	all := []string{"block1", "block2", "block3", "block4", "block5", "head"}
	for _, c := range []struct {
		freeze, unfreeze string
		want             []want
	}{
		{"", "head@0, block5@1, block4@3", []want{
			{Progress{}, all[5:]},
			{Progress{Epoch: 1}, all[4:]},
			{Progress{Epoch: 2}, all[4:]},
			{Progress{Epoch: 3}, all[3:]},
			{Progress{Epoch: 99}, all[3:]},
		}},
		{"", "head@0,block5@500steps", []want{
			{Progress{Step: 499, Epoch: 9}, all[5:]},
			{Progress{Step: 500}, all[4:]},
		}},
		{"", "gradual", []want{
			{Progress{}, all[5:]}, {Progress{Epoch: 1}, all[4:]}, {Progress{Epoch: 4}, all[1:]}, {Progress{Epoch: 5}, all},
		}},
		{"", "gradual every 2 epochs", []want{{Progress{Epoch: 1}, all[5:]}, {Progress{Epoch: 2}, all[4:]}}},
		{"", "gradual/100steps", []want{{Progress{Step: 99}, all[5:]}, {Progress{Step: 200}, all[3:]}}},
		{"", "plateau", []want{{Progress{Epoch: 9}, all[5:]}, {Progress{Step: 9, Plateaus: []int{4, 9}}, all[3:]}}},
		{"", "gradual/2plateaus", []want{{Progress{Step: 9, Plateaus: []int{4, 9}}, all[4:]}}},
		// What --freeze names takes no turn.
		{"block5,block1", "gradual/1e", []want{
			{Progress{}, all[5:]},
			{Progress{Epoch: 1}, []string{"block4", "head"}},
			{Progress{Epoch: 9}, []string{"block2", "block3", "block4", "head"}},
		}},
		// What an item names follows the item.
		{"", "block1@2, gradual", []want{
			{Progress{Epoch: 2}, []string{"block1", "block4", "block5", "head"}},
		}},
		{"", "biases@0,gradual", []want{
			{Progress{}, []string{"~block1", "~block2", "~block3", "~block4", "~block5", "head"}},
			{Progress{Epoch: 1}, []string{"~block1", "~block2", "~block3", "~block4", "block5", "head"}},
		}},
		// Beside --freeze, what no item names trains from the start.
		{"block1", "block5@1", []want{
			{Progress{}, []string{"block2", "block3", "block4", "head"}},
			{Progress{Epoch: 1}, all[1:]},
		}},
		{"!head", "block5@1, block4@3", []want{{Progress{}, all[5:]}, {Progress{Epoch: 3}, all[3:]}}},
		{"", "!block1@0", []want{{Progress{}, all[1:]}}},
		{"", "head@0,blocks&biases@1", []want{{Progress{}, all[5:]}, {Progress{Epoch: 1}, []string{"~block1", "~block2", "~block3", "~block4", "~block5", "head"}}}},
	} {
		policy, err := Parse(c.freeze, c.unfreeze)
		if err != nil {
			t.Errorf("%q, %q: %v", c.freeze, c.unfreeze, err)
			continue
		}
		for _, w := range c.want {
			if diff := cmp.Diff(w.groups, trainingGroups(params, policy.Trainable(params, w.at))); diff != "" {
				t.Errorf("%q, %q at %+v (-want +got):\n%s", c.freeze, c.unfreeze, w.at, diff)
			}
		}
	}
}

// Thawing only ever adds, and what --freeze holds stays frozen.
func TestGradualOnlyAdds(t *testing.T) {
	params := bert()
	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SampledFrom([]string{"", "embeddings", "norms", "layer.{0..5}"}).Draw(t, "freeze")
		how := rapid.SampledFrom([]string{"gradual", "gradual/7steps", "plateau", "gradual/3e", "head@0,gradual"}).Draw(t, "unfreeze")
		policy, err := Parse(held, how)
		if err != nil {
			t.Fatal(err)
		}
		later := drawProgress(t)
		earlier := later.back(rapid.IntRange(0, later.Step).Draw(t, "earlier"), 10)
		a, b := policy.Trainable(params, earlier), policy.Trainable(params, later)
		frozen := make(Mask, len(params))
		if held != "" {
			free, err := Parse(held, "")
			if err != nil {
				t.Fatal(err)
			}
			frozen = Not(free).Trainable(params, later)
		}
		for i, p := range params {
			if a[i] && !b[i] {
				t.Errorf("%s trains at %+v and not at %+v", p.Name, earlier, later)
			}
			if frozen[i] && b[i] {
				t.Errorf("%s is held by %q and trains at %+v", p.Name, held, later)
			}
		}
		// From the top down: nothing below a group that is still frozen trains.
		groups, _ := GroupsOf(params)
		gap := false
		for _, g := range slices.Backward(groups) {
			free := slices.ContainsFunc(g.Params, func(i int) bool { return !frozen[i] })
			trains := slices.ContainsFunc(g.Params, func(i int) bool { return b[i] })
			if trains && gap {
				t.Errorf("%+v: group %s trains below a frozen one", later, g.Name)
			}
			gap = gap || free && !trains
		}
	})
}

func TestWarmup(t *testing.T) {
	policy, err := Parse("block1", "head@0, block5@1, block4@25steps, block3@plateau, block2&biases@1, block2@2")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(vgg16(), Spec{
		Policy: policy, StepsPerEpoch: 10, Epochs: 9, WarmupSteps: 4,
		Rates: []float64{1, 0.5, 1, 1, 0.1, 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	const head, block5, block4, block3, block2 = 5, 4, 3, 2, 1
	for _, c := range []struct {
		group    int
		step     int
		plateaus []int
		want     float64
	}{
		{head, 0, nil, 2}, // its warm-up is the schedule's
		{head, 10, nil, 2},
		{block5, 9, nil, 0}, // frozen
		{block5, 10, nil, 0},
		{block5, 11, nil, 0.025},
		{block5, 13, nil, 0.075},
		{block5, 14, nil, 0.1},
		{block5, 80, nil, 0.1},
		{block4, 25, nil, 0},
		{block4, 27, nil, 0.5},
		{block3, 40, nil, 0},
		{block3, 43, []int{41}, 0.5},
		{block3, 43, []int{41, 43}, 0.5}, // the second plateau is not its own
		{block3, 46, []int{41, 43}, 1},
		{block2, 11, nil, 0.125}, // the biases
		{block2, 19, nil, 0.5},
		{block2, 21, nil, 0.125}, // anew, for the weights
		{block2, 24, nil, 0.5},
		{0, 80, []int{41}, 0},
	} {
		at := Progress{Step: c.step, Epoch: c.step / 10, Plateaus: c.plateaus}
		if got := plan.Factors(at)[c.group]; math.Abs(got-c.want) > 1e-15 { // 0.1·3/4
			t.Errorf("%+v: factor %v of group %d, want %v", at, got, c.group, c.want)
		}
	}
}

// A policy may also freeze again: the warm-up counts from the last thaw.
func TestRefreezing(t *testing.T) {
	// The head trains until epoch 1, rests, and trains again from epoch 2.
	head := Groups("head")
	policy := Or(Groups("block5"), And(head, Not(From(AfterEpochs(1), head))), From(AfterEpochs(2), head))
	plan, err := Compile(vgg16(), Spec{Policy: policy, StepsPerEpoch: 10, Epochs: 3, WarmupSteps: 5})
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]float64{0: 1, 9: 1, 10: 0, 19: 0, 20: 0, 21: 0.2, 25: 1} {
		if got := plan.Factors(Progress{Step: step, Epoch: step / 10})[5]; got != want {
			t.Errorf("step %d: factor %v, want %v", step, got, want)
		}
	}
	var when []string
	for _, c := range plan.ChangePoints() {
		when = append(when, c.Point.String())
	}
	if diff := cmp.Diff([]string{"start", "after epoch 1", "after epoch 2"}, when); diff != "" {
		t.Errorf("change points (-want +got):\n%s", diff)
	}
}
