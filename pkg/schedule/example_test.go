package schedule_test

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/gotune/gotune/pkg/schedule"
)

// BERT's recipe: a tenth of warm-up, then down to 0.
func ExampleNewLinear() {
	lr, err := schedule.NewLinear(schedule.LinearOptions{
		LR: 5e-5, Steps: 100, Warmup: schedule.Warmup{Fraction: 0.1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range []int{0, 5, 10, 55, 99} {
		fmt.Printf("step %2d: %.3g\n", step, lr.At(step))
	}
	// Output:
	// step  0: 0
	// step  5: 2.5e-05
	// step 10: 5e-05
	// step 55: 2.5e-05
	// step 99: 5.56e-07
}

func ExampleNewConstant() {
	lr, err := schedule.NewConstant(schedule.ConstantOptions{LR: 1e-4, Warmup: schedule.Warmup{Steps: 4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lr.At(0), lr.At(2), lr.At(4), lr.At(1000))
	// Output: 0 5e-05 0.0001 0.0001
}

func ExampleNewCosine() {
	lr, err := schedule.NewCosine(schedule.CosineOptions{LR: 1e-3, Steps: 100, End: 1e-5})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3g %.3g %.3g\n", lr.At(0), lr.At(50), lr.At(100))
	// Output: 0.001 0.000505 1e-05
}

func ExampleNewPolynomial() {
	lr, err := schedule.NewPolynomial(schedule.PolynomialOptions{LR: 1e-3, Steps: 100, Power: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3g %.3g %.3g\n", lr.At(0), lr.At(50), lr.At(100))
	// Output: 0.001 0.00025 1e-07
}

func ExampleNewOneCycle() {
	lr, err := schedule.NewOneCycle(schedule.OneCycleOptions{LR: 0.01, Steps: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3g %.3g %.3g\n", lr.At(0), lr.At(29), lr.At(99))
	// Output: 0.0004 0.01 4e-08
}

func ExampleNewStep() {
	lr, err := schedule.NewStep(schedule.StepOptions{LR: 0.1, Every: 30})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3g %.3g %.3g\n", lr.At(29), lr.At(30), lr.At(60))
	// Output: 0.1 0.01 0.001
}

func ExampleNewMultiStep() {
	lr, err := schedule.NewMultiStep(schedule.MultiStepOptions{LR: 0.1, Milestones: []int{60, 80}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3g %.3g %.3g\n", lr.At(59), lr.At(60), lr.At(80))
	// Output: 0.1 0.01 0.001
}

func ExampleNewExponential() {
	lr, err := schedule.NewExponential(schedule.ExponentialOptions{LR: 0.1, Gamma: 0.5})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lr.At(0), lr.At(1), lr.At(2))
	// Output: 0.1 0.05 0.025
}

func ExampleNewPlateau() {
	p, err := schedule.NewPlateau(schedule.PlateauOptions{Max: true, Patience: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, accuracy := range []float64{0.80, 0.85, 0.84, 0.85} {
		fmt.Print(p.Observe(accuracy), " ")
	}
	fmt.Println(p.State().Plateaus)
	// Output: false false false true 1
}

// The state goes into the checkpoint; after a restart the schedule goes on.
func ExampleNewReducePlateau() {
	o := schedule.ReducePlateauOptions{LR: 1e-3, Plateau: schedule.PlateauOptions{Patience: 1}}
	lr, err := schedule.NewReducePlateau(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	lr.Observe(0.50) // validation losses
	lr.Observe(0.52)
	saved, err := json.Marshal(lr.State())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(saved))

	var state schedule.ReducePlateauState
	if err := json.Unmarshal(saved, &state); err != nil {
		fmt.Println(err)
		return
	}
	again, err := schedule.NewReducePlateau(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := again.Restore(state); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.Observe(0.51), again.At(0))
	// Output:
	// {"lr":0.001,"plateau":{"best":0.5,"bad":1,"cooldown":0,"evaluations":2,"plateaus":0}}
	// true 0.0001
}

func ExampleParse() {
	warmup, err := schedule.ParseWarmup("10%")
	if err != nil {
		fmt.Println(err)
		return
	}
	o := schedule.Options{LR: 2e-5, Steps: 1000, Warmup: warmup}
	lr, err := schedule.Parse("cosine", o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2g %.2g\n", lr.At(100), lr.At(550))
	_, err = schedule.Parse("cosin", o)
	fmt.Println(err)
	// Output:
	// 2e-05 1e-05
	// --schedule "cosin": no such schedule, want one of constant, linear, cosine, polynomial, one-cycle, step, plateau
}

func ExampleParseWarmup() {
	for _, text := range []string{"100", "0.06", "10%"} {
		w, err := schedule.ParseWarmup(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(w.Of(750))
	}
	// Output:
	// 100
	// 45
	// 75
}

// A curve of one's own: half the rate after step 10.
func ExampleFunc() {
	var lr schedule.Schedule = schedule.Func(func(step int) float64 {
		if step < 10 {
			return 1e-3
		}
		return 5e-4
	})
	fmt.Println(lr.At(9), lr.At(10))
	// Output: 0.001 0.0005
}

func ExampleLayerDecay() {
	fmt.Println(schedule.LayerDecay(4, 0.5)) // bottom to top
	// Output: [0.125 0.25 0.5 1]
}

func ExampleParseLayerDecay() {
	groups := []string{"block3", "block4", "block5", "head"}
	m, err := schedule.ParseLayerDecay("head=1, block5=0.1, *=0.01", groups)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m)
	// Output: [0.01 0.01 0.1 1]
}

func ExampleRangeTest() {
	sweep, err := schedule.NewRangeTest(schedule.RangeTestOptions{Lo: 1e-6, Hi: 1, Steps: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	var losses []float64
	for step := 0; step < sweep.Steps() && !sweep.Diverged(losses); step++ {
		// Here a model is trained for a step; this one learns around 1e-3.
		x := math.Log10(sweep.At(step))
		losses = append(losses, 0.7-0.5/(1+math.Exp(-4*(x+3)))+20/(1+math.Exp(-6*(x+0.5))))
	}
	report, err := sweep.Report(losses)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("steepest at %.1g, suggested %.1g\n", report.Steepest, report.Suggestion)
	// Output: steepest at 0.0009, suggested 0.0009
}
