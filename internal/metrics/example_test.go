package metrics_test

import (
	"fmt"

	"github.com/gotune/gotune/internal/metrics"
)

func ExampleEvaluator() {
	e, err := metrics.NewEvaluator([]string{"negative", "positive"}, metrics.Options{TopLosses: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range []struct {
		logits []float32
		label  int
		id     string
	}{
		{[]float32{2, -1}, 0, "dull.txt"},
		{[]float32{-1, 3}, 1, "moving.txt"},
		{[]float32{1, 0.5}, 0, "long.txt"},
		{[]float32{2, 0}, 1, "mislabelled.txt"},
	} {
		if err := e.Add(x.logits, x.label, x.id); err != nil {
			fmt.Println(err)
			return
		}
	}
	r := e.Result()
	fmt.Printf("accuracy %.2f, F1 %.3f, log loss %.3f, ROC AUC %.2f\n", r.Accuracy, r.Macro.F1, r.LogLoss, *r.ROCAUC)
	worst := r.TopLosses[0]
	fmt.Printf("%s: %s taken for %s\n", worst.ID, worst.Label, worst.Predicted)
	// Output:
	// accuracy 0.75, F1 0.733, log loss 0.667, ROC AUC 0.75
	// mislabelled.txt: positive taken for negative
}

func ExampleMcNemarTest() {
	r, err := metrics.McNemarTest(30, 50)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("chi-square %.2f, p %.3f\n", r.Statistic, r.P)
	// Output: chi-square 4.51, p 0.034
}

func ExampleCompare() {
	labels := []int{0, 1, 1, 0, 1, 0}
	c, err := metrics.Compare(labels, []int{0, 1, 1, 0, 1, 1}, []int{1, 1, 0, 1, 1, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("only A right on %d, only B on %d: p %.3f\n", c.OnlyA, c.OnlyB, c.McNemar.P)
	// Output: only A right on 3, only B on 1: p 0.625
}

func ExampleConfusion() {
	m := metrics.NewConfusion(2)
	for _, x := range [][2]int{{0, 0}, {0, 0}, {0, 1}, {1, 1}} {
		m.Add(x[0], x[1])
	}
	fmt.Println(m, m.Accuracy())
	// Output: [[2 1] [0 1]] 0.75
}
