package cli

import (
	"context"
	"encoding/json"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// EvalOptions are what the verb eval passes to Eval.
type EvalOptions struct {
	JSON    bool
	Model   string
	Data    string
	Machine Machine
	Batch   int
	Order   []int
	Unit    string
}

// Eval measures m on data and prints the result.
func Eval[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, m train.Model[B], data train.Data[B], o EvalOptions) error {
	ev, err := metrics.NewEvaluator(m.Classes(), metrics.Options{Seed: o.Machine.Seed})
	if err != nil {
		return err
	}
	bar := newProgress(env)
	defer bar.close()
	for p, err := range train.Predictions(ctx, rt, m, data, train.EvalOptions{
		Batch: o.Batch, Workers: o.Machine.WorkerCount(), Order: o.Order, Observe: bar.observe,
	}) {
		if err != nil {
			return err
		}
		if err := ev.Add(p.Logits, p.Label, p.Name); err != nil {
			return Usage(err)
		}
	}
	bar.close()
	r := ev.Result()
	if r.Examples == 0 {
		return Usagef("%s: no examples", o.Data)
	}
	if !o.JSON {
		return printEval(env.Stdout, r, o)
	}
	return json.NewEncoder(env.Stdout).Encode(struct {
		Model string `json:"model"`
		Data  string `json:"data"`
		metrics.Result
	}{o.Model, o.Data, r})
}
