package torch_test

import (
	"fmt"
	"log"

	"github.com/gotune/gotune/pkg/torch"
)

// Every tensor made through a scope is freed when it closes, and its error is
// asked for once.
func ExampleScope() {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()

	s := rt.Scope(rt.EvalMode())
	x := torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	y := s.Softmax(x, 1) // [2,3]
	fmt.Printf("%v %.3f\n", y, s.Float(s.Sum(y)))

	z := s.MatMul(y, y) // [2,3] by [2,3] does not go,
	s.ReLU(z)           // so that this does nothing.
	fmt.Println(s.Close())
	fmt.Println("alive:", rt.Live())
	// Output:
	// [2,3] float32 2.000
	// matmul([2,3] float32, [2,3] float32): mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)
	// alive: 0
}

// What the scope within returns, the scope around it owns.
func ExampleScope_Return() {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	s := rt.Scope(rt.TrainMode())
	defer s.Close()

	norm := func(x *torch.Tensor) *torch.Tensor {
		n := s.NoGrad()
		defer n.Close() // frees the squares and their sum
		return n.Return(n.Sqrt(n.Sum(n.Mul(x, x))))
	}
	fmt.Println(s.Float(norm(torch.FromSlice(s, []float32{3, 4}, 2))))
	// Output: 5
}

// A store keeps a model's parameters in the order in which they were made.
func ExampleStore() {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	st := rt.NewStore()
	defer st.Close()

	if _, err := torch.NewLinear(st, "hidden", 4, 8, torch.KaimingUniform(4), torch.Constant(0)); err != nil {
		log.Fatal(err)
	}
	if _, err := torch.NewLayerNorm(st, "norm", 8, 1e-5); err != nil {
		log.Fatal(err)
	}
	if err := st.Get("hidden.weight").SetTrainable(false); err != nil {
		log.Fatal(err)
	}
	for _, p := range st.All() {
		fmt.Println(p.Name, p.T, p.Trainable())
	}
	_, err = st.Param("norm.bias", torch.Constant(0), 8)
	fmt.Println(err)
	// Output:
	// hidden.weight [8,4] float32 false
	// hidden.bias [8] float32 true
	// norm.weight [8] float32 true
	// norm.bias [8] float32 true
	// parameter "norm.bias": the name is taken
}

func ExampleLinear() {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	st := rt.NewStore()
	defer st.Close()
	l, err := torch.NewLinear(st, "l", 3, 2, torch.Constant(0.5), torch.Constant(1))
	if err != nil {
		log.Fatal(err)
	}

	s := rt.Scope(rt.TrainMode())
	defer s.Close()
	y := l.Forward(s, torch.FromSlice(s, []float32{1, 2, 3}, 1, 3)) // [1,2]
	s.Backward(s.Sum(y))
	fmt.Println(l, s.Floats(y), s.Floats(s.Grad(l.Weight.T)))
	// Output: Linear(3→2) [4 4] [1 2 3 1 2 3]
}

// Adam's state lies in a store of its own: two moments and a step count for each
// parameter.
func ExampleAdamStep() {
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	st := rt.NewStore()
	defer st.Close()
	w, err := st.Param("w", torch.Constant(1), 2)
	if err != nil {
		log.Fatal(err)
	}

	s := rt.Scope(rt.TrainMode())
	defer s.Close()
	m, v, step := s.Zeros(torch.Float32, 2), s.Zeros(torch.Float32, 2), s.Zeros(torch.Float32)
	o := torch.AdamStep{LR: 0.125, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Decoupled: true}
	for range 3 {
		s.Backward(s.Sum(s.Mul(w.T, w.T))) // the gradient of w² is 2w
		s.FusedAdam(o, []*torch.Tensor{w.T}, []*torch.Tensor{m}, []*torch.Tensor{v}, []*torch.Tensor{step})
		s.ZeroGrads([]*torch.Tensor{w.T})
		fmt.Printf("%.3f ", s.Floats(w.T))
	}
	fmt.Println("after", s.Float(step), "steps")
	// Output: [0.874 0.874] [0.748 0.748] [0.625 0.625] after 3 steps
}

// A dtype's size and name, for one's own files.
func ExampleDType() {
	fmt.Println(torch.BFloat16, torch.BFloat16.Size(), torch.DType(99))
	// Output: bfloat16 2 dtype(99)
}

func ExampleParseDevice() {
	d, err := torch.ParseDevice("cuda:1")
	fmt.Println(d, d.IsCUDA(), err)
	_, err = torch.ParseDevice("gpu")
	fmt.Println(err)
	// Output:
	// cuda:1 true <nil>
	// device "gpu": want auto, cpu, cuda or cuda:N
}
