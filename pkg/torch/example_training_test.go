package torch_test

import (
	"fmt"
	"log"

	"github.com/gotune/gotune/pkg/torch"
)

// xor is a model of one's own: layers, and how they follow one another.
type xor struct{ hidden, out *torch.Linear }

func newXor(st *torch.Store) (m xor, err error) {
	if m.hidden, err = torch.NewLinear(st, "hidden", 2, 8, torch.KaimingUniform(2), torch.Uniform(-1, 1)); err != nil {
		return m, err
	}
	m.out, err = torch.NewLinear(st, "out", 8, 2, torch.KaimingUniform(8), torch.Constant(0))
	return m, err
}

// logits maps [N,2] to [N,2].
func (m xor) logits(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return m.out.Forward(s, s.Tanh(m.hidden.Forward(s, x)))
}

// A model of one's own, trained by gradient descent: a step is a scope.
func Example_training() {
	rt, err := torch.Open(torch.Options{Seed: 1, Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	st := rt.NewStore()
	defer st.Close()
	model, err := newXor(st)
	if err != nil {
		log.Fatal(err)
	}
	step := func() (loss float64, predicted []int64, err error) {
		s := rt.Scope(rt.TrainMode())
		defer s.Close() // frees the step's tensors, whichever way it ends
		x := torch.FromSlice(s, []float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
		y := torch.FromSlice(s, []int64{0, 1, 1, 0}, 4)
		logits := model.logits(s, x)
		mean := s.CrossEntropy(logits, y)
		s.Backward(mean)
		update := s.NoGrad()
		for _, p := range st.Parameters() {
			update.Add_(p.T, update.MulScalar(update.Grad(p.T), -0.5))
			update.ZeroGrads([]*torch.Tensor{p.T})
		}
		update.Close()
		return s.Float(mean), s.Ints(s.Argmax(logits, 1)), s.Err()
	}
	for i := range 300 {
		loss, predicted, err := step()
		if err != nil {
			log.Fatal(err)
		}
		if i == 299 {
			fmt.Println(loss < 0.05, predicted)
		}
	}
	// Output: true [0 1 1 0]
}
