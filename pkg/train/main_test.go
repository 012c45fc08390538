package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// rt is libtorch for this package's tests: it opens once a process.
var rt *torch.Runtime

func TestMain(m *testing.M) {
	var err error
	if rt, err = torch.Open(torch.Options{Seed: 1, Threads: 1}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := rt.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const features = 6

// points is a two-class set that a small network learns: the sign of a product.
type points struct {
	x [][features]float32
	y []int64
}

func newPoints(n int, seed uint64) *points {
	r := rand.New(rand.NewPCG(seed, 0))
	p := &points{}
	for range n {
		var x [features]float32
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		y := int64(0)
		if x[0]+x[1]*x[2] > 0 {
			y = 1
		}
		p.x, p.y = append(p.x, x), append(p.y, y)
	}
	return p
}

func (p *points) Len() int { return len(p.y) }

func (p *points) labels() []int {
	out := make([]int, len(p.y))
	for i, y := range p.y {
		out[i] = int(y)
	}
	return out
}

func (p *points) Batch(_ context.Context, _ int, idx []int) (*pointBatch, error) {
	b := &pointBatch{idx: idx}
	for _, i := range idx {
		b.x = append(b.x, p.x[i][:]...)
		b.y = append(b.y, p.y[i])
	}
	return b, nil
}

type pointBatch struct {
	idx []int
	x   []float32
	y   []int64
}

func (b *pointBatch) Size() int         { return len(b.y) }
func (b *pointBatch) Targets() []int64  { return b.y }
func (b *pointBatch) Name(i int) string { return fmt.Sprintf("point %d", b.idx[i]) }
func (b *pointBatch) Tokens() int       { return 0 }

// mlp is a network of one hidden layer with dropout.
type mlp struct {
	st       *torch.Store
	hid, out *torch.Linear
	dropout  float64
}

func newMLP(t testing.TB, dropout float64) *mlp {
	t.Helper()
	m, err := makeMLP(dropout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.st.Close)
	return m
}

func makeMLP(dropout float64) (*mlp, error) {
	if err := rt.Seed(3); err != nil {
		return nil, err
	}
	m := &mlp{st: rt.NewStore(), dropout: dropout}
	var err error
	if m.hid, err = torch.NewLinear(m.st, "hidden", features, 16, torch.KaimingUniform(features), torch.Constant(0)); err != nil {
		return nil, err
	}
	m.out, err = torch.NewLinear(m.st, "out", 16, 2, torch.KaimingUniform(16), torch.Constant(0))
	return m, err
}

func (m *mlp) Forward(s *torch.Scope, b *pointBatch) *torch.Tensor {
	x := torch.FromSlice(s, b.x, b.Size(), features)
	return m.out.Forward(s, s.Dropout(s.ReLU(m.hid.Forward(s, x)), m.dropout))
}

func (m *mlp) Store() *torch.Store { return m.st }
func (m *mlp) Classes() []string   { return []string{"below", "above"} }

// weights copies all parameters out.
func (m *mlp) weights(t testing.TB) map[string][]float32 {
	t.Helper()
	out := make(map[string][]float32)
	for _, p := range m.st.All() {
		v := make([]float32, p.T.Numel())
		if err := torch.CopyOut(v, p.T); err != nil {
			t.Fatal(err)
		}
		out[p.Name] = v
	}
	return out
}
