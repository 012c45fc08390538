package train_test

import (
	"context"
	"fmt"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// A model is anything that makes logits of a batch, with its parameters in a
// Store: here two layers, the second of which sees the first one's output and
// its input.
type skipNet struct {
	store    *torch.Store
	in, head *torch.Linear
}

func newSkipNet(rt *torch.Runtime) (*skipNet, error) {
	m := &skipNet{store: rt.NewStore()}
	var err error
	if m.in, err = torch.NewLinear(m.store, "in", features, 8, torch.KaimingUniform(features), torch.Constant(0)); err != nil {
		return nil, err
	}
	m.head, err = torch.NewLinear(m.store, "head", 8+features, 2, torch.KaimingUniform(8+features), torch.Constant(0))
	return m, err
}

func (m *skipNet) Forward(s *torch.Scope, b *pointBatch) *torch.Tensor {
	x := torch.FromSlice(s, b.x, b.Size(), features)
	return m.head.Forward(s, s.Cat([]*torch.Tensor{s.GELU(m.in.Forward(s, x)), x}, 1)) // [N,2]
}

func (m *skipNet) Store() *torch.Store { return m.store }
func (m *skipNet) Classes() []string   { return []string{"below", "above"} }

// A model of one's own, in a loop of one's own.
func ExampleSteps() {
	ctx := context.Background()
	m, err := newSkipNet(rt)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.store.Close()
	opt, err := train.NewAdam(rt, m.store.Parameters(), train.AdamOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opt.Close()
	data := newPoints(256, 1)
	var last float64
	for s, err := range train.Steps(ctx, rt, train.Batches(ctx, data, 20, 32, 1)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		y := torch.FromSlice(s.Scope, s.Batch.y, s.Batch.Size())
		loss := s.CrossEntropy(m.Forward(s.Scope, s.Batch), y)
		s.Backward(loss)
		opt.ClipNorm(s.Scope, 1)
		opt.Step(s.Scope, 0.01)
		last = s.Float(loss)
	}
	fmt.Println("learned:", last < 0.4)
	// Output: learned: true
}

// A loss of one's own: focal loss (Lin et al. 2017), which attends to the
// examples that the model is unsure of, (1-p)² times the cross-entropy.
func ExampleSteps_loss() {
	m, err := newSkipNet(rt)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.store.Close()
	focal := func(s *torch.Scope, logits, truth *torch.Tensor) *torch.Tensor { // truth [N,2]: 1 for the class
		logp := s.SumDims(s.Mul(s.LogSoftmax(logits, 1), truth), 1) // [N], of the true class
		unsure := s.AddScalar(s.Neg(s.Exp(logp)), 1)                // 1-p
		return s.Neg(s.Mean(s.Mul(s.Mul(unsure, unsure), logp)))
	}
	s := rt.Scope(rt.TrainMode())
	defer s.Close()
	b, err := newPoints(32, 1).Batch(context.Background(), 0, []int{0, 1, 2, 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	truth := make([]float32, 2*b.Size())
	for i, y := range b.y {
		truth[2*i+int(y)] = 1
	}
	logits := m.Forward(s, b)
	loss := focal(s, logits, torch.FromSlice(s, truth, b.Size(), 2))
	plain := s.CrossEntropy(logits, torch.FromSlice(s, b.y, b.Size()))
	s.Backward(loss)
	fmt.Println(s.Float(loss) < s.Float(plain), s.Err())
	// Output: true <nil>
}

// A metric of one's own, over an evaluation's predictions: how often the true
// class is among the k best.
func ExamplePredictions() {
	m, err := newSkipNet(rt)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.store.Close()
	topK := func(k int) (float64, error) {
		hits, n := 0, 0
		for p, err := range train.Predictions(context.Background(), rt, m, newPoints(100, 2), train.EvalOptions{Batch: 32}) {
			if err != nil {
				return 0, err
			}
			better := 0
			for _, v := range p.Logits {
				if v > p.Logits[p.Label] {
					better++
				}
			}
			if better < k {
				hits++
			}
			n++
		}
		return float64(hits) / float64(n), nil
	}
	accuracy, err := topK(2)
	fmt.Println(accuracy, err)
	// Output: 1 <nil>
}
