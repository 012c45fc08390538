package freeze

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden timetables anew")

func TestTimetable(t *testing.T) {
	for _, c := range []struct {
		name             string
		params           []Param
		freeze, unfreeze string
		spec             Spec
	}{
		{"vgg-recipe", vgg16(), "!block5,!head", "", Spec{StepsPerEpoch: 63, Epochs: 10}},
		{"vgg-points", vgg16(), "", "head@0, block5@1, block4@3, block3@12", Spec{StepsPerEpoch: 63, Epochs: 10, WarmupSteps: 20, Rates: []float64{1e-3, 1e-3, 1e-3, 0.01, 0.1, 1}}},
		{"bert-gradual", bert(), "embeddings", "norms@0,gradual/1e", Spec{StepsPerEpoch: 1000, Epochs: 5, WarmupSteps: 100}},
		{"bert-plateau", bert(), "", "head@0, pooler@500steps, gradual/plateau", Spec{StepsPerEpoch: 1000, Epochs: 3}},
		{"unknown-epoch", vgg16(), "", "gradual/2e", Spec{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			if c.spec.Policy, err = Parse(c.freeze, c.unfreeze); err != nil {
				t.Fatal(err)
			}
			plan, err := Compile(c.params, c.spec)
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Timetable().String()
			golden := filepath.Join("testdata", c.name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("timetable (-want +got):\n%s", diff)
			}
			if _, err := json.Marshal(plan.Timetable()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Between two change points nothing changes: a loop that looks at the mask
// there only misses nothing.
func TestChangePointsAreComplete(t *testing.T) {
	params := bert()
	rapid.Check(t, func(t *rapid.T) {
		unfreeze := rapid.SampledFrom([]string{"", "gradual", "gradual/7steps", "gradual/3e", "head@0,layer.11@1,pooler@15steps", "norms@0,gradual/33steps"}).Draw(t, "unfreeze")
		policy, err := Parse(rapid.SampledFrom([]string{"", "embeddings"}).Draw(t, "freeze"), unfreeze)
		if err != nil {
			t.Fatal(err)
		}
		const perEpoch, epochs = 10, 8
		plan, err := Compile(params, Spec{Policy: policy, StepsPerEpoch: perEpoch, Epochs: epochs})
		if err != nil {
			t.Fatal(err)
		}
		changes := plan.ChangePoints()
		next := 0
		var mask Mask
		for step := range perEpoch * epochs {
			if next < len(changes) && changes[next].Step == step {
				mask = changes[next].Mask
				next++
			}
			if got := plan.At(Progress{Step: step, Epoch: step / perEpoch}); !slices.Equal(got, mask) {
				t.Fatalf("step %d: the mask is not that of change point %d", step, next-1)
			}
		}
		if next != len(changes) {
			t.Errorf("%d change points, %d within the training", len(changes), next)
		}
	})
}

func TestBeyond(t *testing.T) {
	policy, err := Parse("", "head@0, block5@1, block4@10, block3@630steps, block2@629steps, block1@plateau")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec Spec
		want []Point
	}{
		{Spec{StepsPerEpoch: 63, Epochs: 10}, []Point{AfterEpochs(10), AfterSteps(630)}},
		{Spec{StepsPerEpoch: 63}, nil}, // the end is not known
	} {
		c.spec.Policy = policy
		plan, err := Compile(vgg16(), c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, plan.Beyond()); diff != "" {
			t.Errorf("beyond %d epochs (-want +got):\n%s", c.spec.Epochs, diff)
		}
	}
}

// Of a large network a head is little, and not nothing.
func TestPercent(t *testing.T) {
	for _, c := range []struct {
		n, of int
		want  string
	}{
		{0, 0, "0 %"},
		{0, 10, "0 %"},
		{4098, 23512130, "0.017 %"},
		{82, 6562, "1.2 %"},
		{5, 1000, "0.50 %"},
		{2562, 6562, "39.0 %"},
		{7, 7, "100.0 %"},
		{1, 1e9, "0.00000010 %"},
	} {
		if got := percent(c.n, c.of); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.n, c.of, got, c.want)
		}
	}
}
