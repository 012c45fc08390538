package torch_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// misuse is a wrong call and the beginning of its error: the operation and the
// shapes it was given.
type misuse struct {
	want string
	call func(w wrong)
}

// wrong holds a scope and tensors to misuse.
type wrong struct {
	*torch.Scope
	st            *torch.Store
	f23, f22, f45 *torch.Tensor // float32 of these shapes
	i2, b2        *torch.Tensor // Int64 and Bool of [2]
	image         *torch.Tensor // [1,2,4,4]
	w             *torch.Tensor // a parameter [2,3] without a gradient
}

// misuses names each operation with its wrong calls. Those that are right for
// every tensor stand in harmless.
var misuses = map[string][]misuse{
	"ReLU":     {{"relu([2] bool): ", func(w wrong) { w.ReLU(w.b2) }}},
	"GELU":     {{"gelu([2] int64): ", func(w wrong) { w.GELU(w.i2) }}},
	"GELUTanh": {{"gelu([2] bool): ", func(w wrong) { w.GELUTanh(w.b2) }}},
	"Abs":      {{"abs([2] bool): ", func(w wrong) { w.Scope.Abs(w.b2) }}},
	"Neg":      {{"neg([2] bool): ", func(w wrong) { w.Neg(w.b2) }}},
	"Add":      {{"add([2,3] float32, [4,5] float32): ", func(w wrong) { w.Add(w.f23, w.f45) }}},
	"Subtract": {
		{"sub([2,3] float32, [2,2] float32): ", func(w wrong) { w.Subtract(w.f23, w.f22) }},
		{"sub([2] bool, [2] bool): ", func(w wrong) { w.Subtract(w.b2, w.b2) }},
	},
	"Mul": {{"mul([2,3] float32, [2,2] float32): ", func(w wrong) { w.Mul(w.f23, w.f22) }}},
	"Div": {{"div([2,3] float32, [4,5] float32): ", func(w wrong) { w.Div(w.f23, w.f45) }}},
	"MatMul": {
		{"matmul([2,3] float32, [2,3] float32): ", func(w wrong) { w.MatMul(w.f23, w.f23) }},
		{"matmul([2,2] float32, [2] int64): ", func(w wrong) { w.MatMul(w.f22, w.i2) }},
	},
	"Add_": {
		{"add_([2,3] float32, [4,5] float32): ", func(w wrong) { w.Add_(w.f23, w.f45) }},
		{"add_([2] int64, [2,2] float32): ", func(w wrong) { w.Add_(w.i2, w.f22) }},
		{"add_([2,3] float32, [2,3] float32): ", func(w wrong) { w.Add_(w.w, w.f23) }}, // a trained leaf
	},
	"MulScalar_": {{"mul_([2] int64): ", func(w wrong) { w.MulScalar_(w.i2, 0.5) }}},
	"Lerp_": {
		{"lerp_([2,3] float32, [4,5] float32): ", func(w wrong) { w.Lerp_(w.f23, w.f45, 0.5) }},
		{"lerp_([2] int64, [2] int64): ", func(w wrong) { w.Lerp_(w.i2, w.i2, 0.5) }},
	},
	"Copy_":    {{"copy_([2,3] float32, [4,5] float32): ", func(w wrong) { w.Copy_(w.f23, w.f45) }}},
	"Fill_":    {{"fill_([2,3] float32): ", func(w wrong) { w.Fill_(w.w, 1) }}},
	"Normal_":  {{"normal_([2] int64): ", func(w wrong) { w.Normal_(w.i2, 0, 1) }}, {"normal_([2,2] float32): ", func(w wrong) { w.Normal_(w.f22, 0, -1) }}},
	"Uniform_": {{"uniform_([2,2] float32): ", func(w wrong) { w.Uniform_(w.f22, 1, 0) }}},
	"Dropout": {
		{"dropout([2,3] float32): ", func(w wrong) { w.Dropout(w.f23, 1.5) }},
		{"dropout([2,3] float32): ", func(w wrong) { w.Dropout(w.f23, -0.1) }},
	},
	"AttentionPacked": {
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{3}, 1, 0) }},    // 3 tokens of 2
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{2, 0}, 1, 0) }}, // an empty text
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, nil, 1, 0) }},
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{2}, 2, 0) }}, // 1 dimension, 2 heads
		{"attention([2,2] float32): ", func(w wrong) { w.AttentionPacked(w.f22, []int{2}, 1, 0) }}, // no thirds
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{2}, 1, 2) }},
		{"attention([2,0] float32): ", func(w wrong) { w.AttentionPacked(w.Zeros(torch.Float32, 2, 0), []int{2}, 1, 0) }},
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{2}, 0x5555555555555555, 0) }},          // times 3 is -1
		{"attention([2,3] float32): ", func(w wrong) { w.AttentionPacked(w.f23, []int{math.MaxInt, math.MaxInt, 4}, 1, 0) }}, // sum to 2
	},
	"AttentionPackedQuery": {
		{"attention([2,2] float32, [2,3] float32): ", func(w wrong) { w.AttentionPackedQuery(w.f22, w.f23, []int{1, 1}, 1, 0) }}, // not twice as wide
		{"attention([2,2] float32, [4,5] float32): ", func(w wrong) { w.AttentionPackedQuery(w.f22, w.f45, []int{4}, 1, 0) }},    // 2 queries for 1
		{"attention([2,2] float32, [2,3] float32): ", func(w wrong) { w.AttentionPackedQuery(w.f22, w.f23, nil, 1, 0) }},         // no sequences
		{"attention([2,2] float32, [2,3] float32): ", func(w wrong) { w.AttentionPackedQuery(w.f22, w.f23, []int{1, 1}, 1, 2) }}, // of 2
		{"attention([2,0] float32, [2,0] float32): ", func(w wrong) {
			none := w.Zeros(torch.Float32, 2, 0)
			w.AttentionPackedQuery(none, none, []int{1, 1}, 1, 0)
		}},
	},
	"Linears": {
		{"linear(): ", func(w wrong) { w.Linears(w.f23, torch.NoActivation) }},
		{"linear([2,3] float32, [2,4] float32, [2] float32): ", func(w wrong) {
			l, _ := torch.NewLinear(w.st, "l", 4, 2, zero, zero)
			w.Linears(w.f23, torch.GELU, l)
		}},
	},
	"Linear": {{"linear([2,3] float32, [2,2] float32, [4,5] float32): ", func(w wrong) { w.Linear(w.f23, w.f22, w.f45) }}},
	"Attention": {
		{"attention([2,3] float32, [4,5] float32, [2,3] float32): ", func(w wrong) { w.Attention(w.f23, w.f45, w.f23, torch.AttentionOptions{}) }},
		{"attention([1,2,4,4] float32, [1,2,4,4] float32, [1,2,4,4] float32): ", func(w wrong) {
			w.Attention(w.image, w.image, w.image, torch.AttentionOptions{Dropout: 2})
		}},
		{"attention([1,2,4,4] float32, [1,2,4,4] float32, [1,2,4,4] float32): ", func(w wrong) {
			w.Attention(w.image, w.image, w.image, torch.AttentionOptions{Dropout: 1})
		}},
		{"attention([1,2,4,4] float32, [1,2,4,4] float32, [1,2,4,4] float32, [2,3] float32): ", func(w wrong) {
			w.Attention(w.image, w.image, w.image, torch.AttentionOptions{Mask: w.f23})
		}},
		{"attention([1,2,4,4] float32, [1,2,4,4] float32, [1,2,4,4] float32, closed): ", func(w wrong) {
			w.Attention(w.image, w.image, w.image, torch.AttentionOptions{Mask: &torch.Tensor{}})
		}},
	},
	"MaxPool2d": {
		{"max_pool2d([1,2,4,4] float32): ", func(w wrong) { w.MaxPool2d(w.image, 0, 1, 0) }},
		{"max_pool2d([1,2,4,4] float32): ", func(w wrong) { w.MaxPool2d(w.image, 2, 0, 0) }},
		{"max_pool2d([1,2,4,4] float32): ", func(w wrong) { w.MaxPool2d(w.image, 9, 1, 0) }},
		{"max_pool2d([2,3] float32): ", func(w wrong) { w.MaxPool2d(w.f23, 2, 2, 0) }},
	},
	"AdaptiveAvgPool2d": {
		{"adaptive_avg_pool2d([1,2,4,4] float32): ", func(w wrong) { w.AdaptiveAvgPool2d(w.image, -1, 1) }},
		{"adaptive_avg_pool2d([2,3] float32): ", func(w wrong) { w.AdaptiveAvgPool2d(w.f23, 2, 2) }},
	},
	"Mean":       {{"mean([2] int64): ", func(w wrong) { w.Mean(w.i2) }}},
	"SumDims":    {{"sum([2,3] float32): ", func(w wrong) { w.SumDims(w.f23, 2) }}, {"sum([2,3] float32): ", func(w wrong) { w.SumDims(w.f23) }}, {"sum([2,3] float32): ", func(w wrong) { w.SumDims(w.f23, 0, 0) }}},
	"MeanDims":   {{"mean([2,3] float32): ", func(w wrong) { w.MeanDims(w.f23, -3) }}, {"mean([2,3] float32): ", func(w wrong) { w.MeanDims(w.f23) }}},
	"Softmax":    {{"softmax([2,3] float32): ", func(w wrong) { w.Softmax(w.f23, 2) }}, {"softmax([2] int64): ", func(w wrong) { w.Softmax(w.i2, 0) }}},
	"LogSoftmax": {{"log_softmax([2,3] float32): ", func(w wrong) { w.LogSoftmax(w.f23, -3) }}},
	"Argmax":     {{"argmax([2,3] float32): ", func(w wrong) { w.Argmax(w.f23, 5) }}, {"argmax([2] bool): ", func(w wrong) { w.Argmax(w.b2, 0) }}},
	"CrossEntropy": {
		{"cross_entropy([2,3] float32, [4] int64): ", func(w wrong) { w.CrossEntropy(w.f23, w.ints(0, 1, 2, 0)) }},
		{"cross_entropy([2,3] float32, [2] int64): ", func(w wrong) { w.CrossEntropy(w.f23, w.ints(0, 3)) }},
		{"cross_entropy([2,3] float32, [2] int64): ", func(w wrong) { w.CrossEntropy(w.f23, w.ints(0, -1)) }},
		{"cross_entropy([2,3] float32, [2] bool): ", func(w wrong) { w.CrossEntropy(w.f23, w.b2) }},
		{"cross_entropy([2,3] float32, [2,2] float32): ", func(w wrong) { w.CrossEntropy(w.f23, w.f22) }},
	},
	"CrossEntropyWith": {
		{"cross_entropy([2,3] float32, [2] int64): ", func(w wrong) { w.CrossEntropyWith(w.f23, w.ints(0, 1), torch.LossOptions{LabelSmoothing: 1.5}) }},
		{"cross_entropy([2,3] float32, [2] int64): ", func(w wrong) {
			w.CrossEntropyWith(w.f23, w.ints(0, 1), torch.LossOptions{ClassWeights: w.f22})
		}},
		{"cross_entropy(closed): ", func(w wrong) {
			w.CrossEntropyWith(w.f23, w.ints(0, 1), torch.LossOptions{ClassWeights: &torch.Tensor{}})
		}},
	},
	"Minimum":     {{"minimum([2,3] float32, [4,5] float32): ", func(w wrong) { w.Minimum(w.f23, w.f45) }}},
	"Maximum":     {{"maximum([2,3] float32, [2,2] float32): ", func(w wrong) { w.Maximum(w.f23, w.f22) }}},
	"EqTensor":    {{"eq_tensor([2,3] float32, [4,5] float32): ", func(w wrong) { w.EqTensor(w.f23, w.f45) }}},
	"Where":       {{"where([2] bool, [2,3] float32, [2,2] float32): ", func(w wrong) { w.Where(w.b2, w.f23, w.f22) }}, {"where([2] int64, [2,2] float32, [2,2] float32): ", func(w wrong) { w.Where(w.i2, w.f22, w.f22) }}},
	"ShiftRight":  {{"shift_right([2,3] float32): ", func(w wrong) { w.ShiftRight(w.f23, 1) }}},
	"Reshape":     {{"reshape[7]([2,3] float32): ", func(w wrong) { w.Reshape(w.f23, 7) }}, {"reshape[-1,-1]([2,3] float32): ", func(w wrong) { w.Reshape(w.f23, -1, -1) }}},
	"Flatten":     {{"flatten([2,3] float32): ", func(w wrong) { w.Flatten(w.f23, 2) }}},
	"Transpose":   {{"transpose([2,3] float32): ", func(w wrong) { w.Transpose(w.f23, 0, 2) }}},
	"Permute":     {{"permute([2,3] float32): ", func(w wrong) { w.Permute(w.f23, 0) }}, {"permute([2,3] float32): ", func(w wrong) { w.Permute(w.f23, 1, 1) }}, {"permute([2,3] float32): ", func(w wrong) { w.Permute(w.f23) }}},
	"Unsqueeze":   {{"unsqueeze([2,3] float32): ", func(w wrong) { w.Unsqueeze(w.f23, 4) }}},
	"Expand":      {{"expand([2,3] float32): ", func(w wrong) { w.Expand(w.f23, 2, 4) }}, {"expand([2,3] float32): ", func(w wrong) { w.Expand(w.f23) }}},
	"Select":      {{"select([2,3] float32): ", func(w wrong) { w.Select(w.f23, 0, 2) }}},
	"Narrow":      {{"narrow([2,3] float32): ", func(w wrong) { w.Narrow(w.f23, 0, 1, 2) }}, {"narrow([2,3] float32): ", func(w wrong) { w.Narrow(w.f23, 0, 0, -1) }}},
	"IndexSelect": {{"index_select([2,3] float32, [2] int64): ", func(w wrong) { w.IndexSelect(w.f23, 0, w.ints(0, 2)) }}, {"index_select([2,3] float32, [2,2] float32): ", func(w wrong) { w.IndexSelect(w.f23, 0, w.f22) }}},
	"Cat":         {{"cat([2,3] float32, [4,5] float32): ", func(w wrong) { w.Cat([]*torch.Tensor{w.f23, w.f45}, 0) }}, {"cat(): ", func(w wrong) { w.Cat(nil, 0) }}},
	"To":          {{"to cuda:0([2,3] float32): ", func(w wrong) { w.To(w.f23, torch.CUDA(0)) }}},
	"Cast":        {{"cast([2,3] float32): ", func(w wrong) { w.Cast(w.f23, torch.DType(99)) }}, {"cast([2,3] float32): ", func(w wrong) { w.Cast(w.f23, torch.DType(-3)) }}},
	"ChannelsLast": {
		{"contiguous([2,3] float32): ", func(w wrong) { w.ChannelsLast(w.f23) }},
	},
	"FromBytes":     {{"from_bytes(): ", func(w wrong) { w.FromBytes(make([]byte, 3), torch.Float32, 1) }}, {"from_bytes(): ", func(w wrong) { w.FromBytes(nil, torch.DType(50), 0) }}},
	"Full":          {{"full(): ", func(w wrong) { w.Full(1, torch.DType(-3), 2) }}, {"full(): ", func(w wrong) { w.Full(1, torch.Float32, 2, -1) }}, {"full(): ", func(w wrong) { w.Full(1, torch.Float32, 1<<31, 1<<31) }}},
	"Zeros":         {{"full(): ", func(w wrong) { w.Zeros(torch.Float32, -2, -2) }}},
	"Ones":          {{"full(): ", func(w wrong) { w.Ones(torch.DType(7000), 2) }}},
	"Float":         {{"item([2,3] float32): ", func(w wrong) { w.Float(w.f23) }}},
	"Backward":      {{"backward([2,3] float32): ", func(w wrong) { w.Backward(w.w) }}, {"backward([2,2] float32): ", func(w wrong) { w.Backward(w.f22) }}},
	"Grad":          {{"grad([2,3] float32): ", func(w wrong) { w.Grad(w.w) }}},
	"ClipGradNorm":  {{"clip_grad_norm(): ", func(w wrong) { w.ClipGradNorm([]*torch.Tensor{w.w}, 1) }}, {"clip_grad_norm(): ", func(w wrong) { w.ClipGradNorm(nil, 1) }}, {"clip_grad_norm(): ", func(w wrong) { w.ClipGradNorm([]*torch.Tensor{w.w}, -1) }}},
	"ClipGradValue": {{"clip_grad_value(): ", func(w wrong) { w.ClipGradValue([]*torch.Tensor{w.w}, -1) }}},
	"FusedAdam":     {{"fused_adam(): ", func(w wrong) { w.FusedAdam(torch.AdamStep{}, []*torch.Tensor{w.w}, nil, nil, nil) }}},

	"FromSlice": {{"from_slice(): ", func(w wrong) { torch.FromSlice(w.Scope, []float32{1}, 2) }}, {"from_slice(): ", func(w wrong) { torch.FromSlice(w.Scope, []int64{1}, -1, -1) }}},
	"FromBool":  {{"from_slice(): ", func(w wrong) { torch.FromBool(w.Scope, nil, 1) }}},

	"Linear.Forward": {{"linear([4,5] float32, [2,3] float32, [2] float32): ", func(w wrong) {
		l, _ := torch.NewLinear(w.st, "l", 3, 2, zero, zero)
		l.Forward(w.Scope, w.f45)
	}}},
	"LayerNorm.Forward": {{"layer_norm([4,5] float32, [3] float32): ", func(w wrong) {
		l, _ := torch.NewLayerNorm(w.st, "l", 3, 1e-5)
		l.Forward(w.Scope, w.f45)
	}}},
	"Embedding.Forward": {
		{"embedding([4,2] float32, [2] int64): ", func(w wrong) {
			l, _ := torch.NewEmbedding(w.st, "l", 4, 2, -1, zero)
			l.Forward(w.Scope, w.ints(0, 4))
		}},
		{"embedding([4,2] float32, [2,3] float32): ", func(w wrong) {
			l, _ := torch.NewEmbedding(w.st, "l", 4, 2, -1, zero)
			l.Forward(w.Scope, w.f23)
		}},
	},
	"Conv2d.Forward": {{"conv2d([1,2,4,4] float32, [2,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 3, Out: 2, Kernel: 3})
		l.Forward(w.Scope, w.image)
	}}},
	"Conv2d.Fused": {{"conv2d([1,2,4,4] float32, [2,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 3, Out: 2, Kernel: 3})
		l.Fused(w.Scope, w.image, nil, true)
	}}},
	"Conv2d.FusedAdd": {{"conv2d([1,2,4,4] float32, [2,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 3, Out: 2, Kernel: 3})
		l.FusedAdd(w.Scope, w.image, nil, w.image)
	}}},
	"Conv2d.FusedPool": {{"conv2d([1,2,4,4] float32, [2,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 3, Out: 2, Kernel: 3})
		l.FusedPool(w.Scope, w.image, nil)
	}}},
	"Conv2d.FusedPair": {{"conv2d([1,2,4,4] float32, [2,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 3, Out: 2, Kernel: 3, Padding: 1})
		l.FusedPair(w.Scope, w.image, nil, l, nil, false)
	}}, {"conv2d([1,2,4,4] float32, [4,3,3,3] float32): ", func(w wrong) {
		l, _ := torch.NewConv2d(w.st, "l", torch.Conv2dOptions{In: 2, Out: 2, Kernel: 3, Padding: 1})
		next, _ := torch.NewConv2d(w.st, "next", torch.Conv2dOptions{In: 3, Out: 4, Kernel: 3, Padding: 1})
		l.FusedPair(w.Scope, w.image, nil, next, nil, true)
	}}},
	"BatchNorm2d.Forward": {{"batch_norm([1,2,4,4] float32, [3] float32): ", func(w wrong) {
		l, _ := torch.NewBatchNorm2d(w.st, "l", 3)
		l.Forward(w.Scope, w.image)
	}}},
}

func (w wrong) ints(xs ...int64) *torch.Tensor { return torch.FromSlice(w.Scope, xs, len(xs)) }

// harmless are right for every tensor that is alive.
var harmless = map[string]bool{
	"Tanh": true, "Sigmoid": true, "Exp": true, "Log": true, "Sqrt": true, // integers are widened
	"Detach": true, "AddScalar": true, "MulScalar": true, "Eq": true, "Lt": true, "IsFinite": true, "Sum": true, "Contiguous": true,
	"Floats": true, "Doubles": true, "Ints": true, "HasGrad": true, "ZeroGrads": true,
	"Block":  true, // makes nothing but what its function makes
	"Return": true, // makes and changes nothing
}

func TestMisuseIsAnErrorWithOperationAndShapes(t *testing.T) {
	rt := one(t)
	for name, wrongs := range misuses {
		t.Run(name, func(t *testing.T) {
			for _, m := range wrongs {
				st := rt.NewStore()
				s := rt.Scope(torch.Mode{Grad: true, Train: true})
				m.call(wrong{
					Scope: s, st: st, f23: s.Ones(torch.Float32, 2, 3), f22: s.Ones(torch.Float32, 2, 2),
					f45: s.Ones(torch.Float32, 4, 5), i2: s.Ones(torch.Int64, 2), b2: torch.FromBool(s, []bool{true, false}, 2),
					image: s.Ones(torch.Float32, 1, 2, 4, 4), w: weight(t, st, "w", torch.Constant(1), 2, 3),
				})
				err := s.Close()
				st.Close()
				var op *torch.OpError
				switch {
				case !errors.As(err, &op):
					t.Errorf("got %v, want an *OpError", err)
				case !strings.HasPrefix(err.Error(), m.want) || len(err.Error()) == len(m.want):
					t.Errorf("got %q, want it to begin with %q and say why", err, m.want)
				case strings.Contains(err.Error(), "please report a bug"), strings.Contains(err.Error(), "Exception raised from"):
					t.Errorf("got %q, which is no message for a user", err)
				}
			}
		})
	}
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}
