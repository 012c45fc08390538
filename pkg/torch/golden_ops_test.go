package torch_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// float32 has 24 bits, 6e-8; sums of a dozen products, in an order that depends
// on the machine's vector width, lose up to four of them.
const opTolerance = 2e-6

// goldenCase is one operator on one set of inputs.
type goldenCase struct {
	In   arrays `json:"in"`
	Ints arrays `json:"ints"`
	Out  array  `json:"out"`
	Dy   array  `json:"dy"`
	Grad arrays `json:"grad"`
}

// forward is a case being run. Floats are parameters, so that they get
// gradients; layers take theirs from the same store.
type forward struct {
	t *testing.T
	*torch.Scope
	st *torch.Store
	c  goldenCase
}

func (f forward) in(name string) *torch.Tensor {
	f.t.Helper()
	return weight(f.t, f.st, name, torch.Constant(0), f.c.In[name].Shape...)
}

func (f forward) ints(name string) *torch.Tensor { return f.c.Ints[name].tensor(f.Scope) }

// layer ends the test where the layer could not be made.
func layer[L any](t testing.TB) func(L, error) L {
	return func(l L, err error) L {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

var zero = torch.Constant(0)

// The value of each function is to be the golden output of the case of its name.
var goldenForwards = map[string]func(f forward) *torch.Tensor{
	"relu":        func(f forward) *torch.Tensor { return f.ReLU(f.in("input")) },
	"tanh":        func(f forward) *torch.Tensor { return f.Tanh(f.in("input")) },
	"sigmoid":     func(f forward) *torch.Tensor { return f.Sigmoid(f.in("input")) },
	"exp":         func(f forward) *torch.Tensor { return f.Exp(f.in("input")) },
	"abs":         func(f forward) *torch.Tensor { return f.Abs(f.in("input")) },
	"neg":         func(f forward) *torch.Tensor { return f.Neg(f.in("input")) },
	"log":         func(f forward) *torch.Tensor { return f.Log(f.in("input")) },
	"sqrt":        func(f forward) *torch.Tensor { return f.Sqrt(f.in("input")) },
	"gelu":        func(f forward) *torch.Tensor { return f.GELU(f.in("input")) },
	"gelu_tanh":   func(f forward) *torch.Tensor { return f.GELUTanh(f.in("input")) },
	"softmax":     func(f forward) *torch.Tensor { return f.Softmax(f.in("input"), 1) },
	"log_softmax": func(f forward) *torch.Tensor { return f.LogSoftmax(f.in("input"), 0) },
	"sum":         func(f forward) *torch.Tensor { return f.Sum(f.in("input")) },
	"mean":        func(f forward) *torch.Tensor { return f.Mean(f.in("input")) },
	"sum_dims":    func(f forward) *torch.Tensor { return f.SumDims(f.in("input"), 0, 2) },
	"mean_dims":   func(f forward) *torch.Tensor { return f.MeanDims(f.in("input"), -1, 1) },
	"add":         func(f forward) *torch.Tensor { return f.Add(f.in("input"), f.in("other")) },
	"sub":         func(f forward) *torch.Tensor { return f.Subtract(f.in("input"), f.in("other")) },
	"mul":         func(f forward) *torch.Tensor { return f.Mul(f.in("input"), f.in("other")) },
	"div":         func(f forward) *torch.Tensor { return f.Div(f.in("input"), f.in("other")) },
	"matmul":      func(f forward) *torch.Tensor { return f.MatMul(f.in("input"), f.in("other")) },
	"add_scalar":  func(f forward) *torch.Tensor { return f.AddScalar(f.in("input"), 1.5) },
	"mul_scalar":  func(f forward) *torch.Tensor { return f.MulScalar(f.in("input"), -2.25) },

	"linear": func(f forward) *torch.Tensor {
		return layer[*torch.Linear](f.t)(torch.NewLinear(f.st, "l", 4, 5, zero, zero)).Forward(f.Scope, f.in("input"))
	},
	"layer_norm": func(f forward) *torch.Tensor {
		return layer[*torch.LayerNorm](f.t)(torch.NewLayerNorm(f.st, "l", 6, 1e-12)).Forward(f.Scope, f.in("input"))
	},
	"embedding": func(f forward) *torch.Tensor {
		return layer[*torch.Embedding](f.t)(torch.NewEmbedding(f.st, "l", 5, 4, 1, zero)).Forward(f.Scope, f.ints("ids"))
	},
	"conv2d": func(f forward) *torch.Tensor {
		o := torch.Conv2dOptions{In: 3, Out: 4, Kernel: 3, Stride: 2, Padding: 1}
		return layer[*torch.Conv2d](f.t)(torch.NewConv2d(f.st, "l", o)).Forward(f.Scope, f.in("input"))
	},
	"conv2d_no_bias": func(f forward) *torch.Tensor {
		o := torch.Conv2dOptions{In: 2, Out: 3, Kernel: 3, NoBias: true}
		return layer[*torch.Conv2d](f.t)(torch.NewConv2d(f.st, "l", o)).Forward(f.Scope, f.in("input"))
	},
	"max_pool2d":          func(f forward) *torch.Tensor { return f.MaxPool2d(f.in("input"), 3, 2, 1) },
	"adaptive_avg_pool2d": func(f forward) *torch.Tensor { return f.AdaptiveAvgPool2d(f.in("input"), 3, 2) },

	"attention": func(f forward) *torch.Tensor {
		return f.Attention(f.in("q"), f.in("k"), f.in("v"), torch.AttentionOptions{})
	},
	"attention_mask": func(f forward) *torch.Tensor {
		mask := f.Cast(f.ints("mask"), torch.Bool)
		return f.Attention(f.in("q"), f.in("k"), f.in("v"), torch.AttentionOptions{Mask: mask})
	},
	"attention_added": func(f forward) *torch.Tensor {
		mask := f.Cast(f.ints("mask"), torch.Float32)
		mask = f.MulScalar(f.AddScalar(mask, -1), 1e4) // 0 where attended, -1e4 elsewhere
		return f.Attention(f.in("q"), f.in("k"), f.in("v"), torch.AttentionOptions{Mask: mask})
	},
	"attention_causal": func(f forward) *torch.Tensor {
		return f.Attention(f.in("q"), f.in("k"), f.in("v"), torch.AttentionOptions{Causal: true})
	},

	"cross_entropy": func(f forward) *torch.Tensor { return f.CrossEntropy(f.in("logits"), f.ints("labels")) },
	"cross_entropy_sum": func(f forward) *torch.Tensor {
		return f.CrossEntropyWith(f.in("logits"), f.ints("labels"), torch.LossOptions{Sum: true})
	},
	"cross_entropy_smooth": func(f forward) *torch.Tensor {
		return f.CrossEntropyWith(f.in("logits"), f.ints("labels"), torch.LossOptions{LabelSmoothing: 0.1})
	},
	"cross_entropy_weights": func(f forward) *torch.Tensor {
		return f.CrossEntropyWith(f.in("logits"), f.ints("labels"), torch.LossOptions{ClassWeights: f.weights()})
	},
	"cross_entropy_all": func(f forward) *torch.Tensor {
		o := torch.LossOptions{Sum: true, LabelSmoothing: 0.2, ClassWeights: f.weights()}
		return f.CrossEntropyWith(f.in("logits"), f.ints("labels"), o)
	},
	"cross_entropy_soft": func(f forward) *torch.Tensor { return f.CrossEntropy(f.in("logits"), f.in("target")) },
}

func (f forward) weights() *torch.Tensor {
	return torch.FromSlice(f.Scope, []float32{0.5, 2, 1.25}, 3)
}

func TestOperatorsAgreeWithPyTorch(t *testing.T) {
	golden := readGoldens(t).Cases
	rt := one(t)
	for _, name := range slices.Sorted(maps.Keys(golden)) {
		t.Run(name, func(t *testing.T) {
			c := golden[name]
			run, ok := goldenForwards[name]
			if !ok {
				t.Fatal("the golden has no function here")
			}
			st := rt.NewStoreFrom(c.In.source)
			defer st.Close()
			s := rt.Scope(torch.Mode{Grad: true})
			defer s.Close()
			y := run(forward{t, s, st, c})
			near(t, "output", y, s, c.Out, opTolerance)
			s.Backward(s.Sum(s.Mul(y, c.Dy.tensor(s))))
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			for name, want := range c.Grad {
				near(t, "gradient of "+name, s.Grad(st.Get(name).T), s, want, opTolerance)
			}
		})
	}
	for name := range goldenForwards {
		if _, ok := golden[name]; !ok {
			t.Errorf("%s has no golden", name)
		}
	}
}

func TestPadRowGetsNoGradient(t *testing.T) {
	rt := one(t)
	st := store(t, rt)
	s := scope(t, rt, torch.Mode{Grad: true})
	l := layer[*torch.Embedding](t)(torch.NewEmbedding(st, "l", 3, 2, 1, torch.Constant(1)))
	y := l.Forward(s, torch.FromSlice(s, []int64{0, 1, 1, 2}, 4))
	s.Backward(s.Sum(y))
	want := []float32{1, 1, 0, 0, 1, 1}
	nearSlice(t, "gradient", s.Floats(s.Grad(l.Weight.T)), want, 0)
	if got := s.Floats(y); got[2] != 1 {
		t.Errorf("the pad row reads %v, want its value, 1", got[2])
	}
}
