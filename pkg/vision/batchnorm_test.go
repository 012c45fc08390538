package vision_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

// Where all but the last stage and the head is frozen, ten steps give PyTorch's
// losses and running statistics with the frozen norms in evaluation mode; what
// is frozen stays bit for bit, statistics too, and what trains is saved.
func TestFrozenNormsEvaluateAndOthersTrain(t *testing.T) {
	gs := readGoldens(t)
	for key, groups := range map[string][]string{"resnet18/original": {"layer4", "head"}, "vgg11_bn/documented": {"block5", "head"}} {
		t.Run(key, func(t *testing.T) {
			g := gs[key]
			m := g.open(t, key)
			fill(t, m, true)
			trains := func(name string) bool { return slices.Contains(groups, m.Group(name)) }
			for _, p := range m.Store().Parameters() {
				if err := p.SetTrainable(trains(p.Name)); err != nil {
					t.Fatal(err)
				}
			}
			before := contents(t, m.Store())
			losses := g.ten(t, m, train.AdamOptions{Coupled: true, WeightDecay: -1, Eps: 1e-7})
			compareLosses(t, "frozen", losses, g.Frozen)
			g.statistics(t, m, "frozen")

			dir := t.TempDir() + "/model"
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
			again, _, err := vision.Load(rt, dir, vision.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			after, saved := contents(t, m.Store()), contents(t, again.Store())
			for name, was := range before {
				if changed := was != after[name]; changed != trains(name) {
					t.Errorf("%s: changed is %v, its group %s", name, changed, m.Group(name))
				}
				if saved[name] != after[name] {
					t.Errorf("%s is not saved as it is", name)
				}
				want := int64(0)
				if trains(name) {
					want = 10
				}
				if strings.HasSuffix(name, "num_batches_tracked") && after[name] != string([]byte{byte(want), 0, 0, 0, 0, 0, 0, 0}) {
					t.Errorf("%s is not %d", name, want)
				}
			}
		})
	}
}

// contents returns the bytes of every tensor.
func contents(t *testing.T, st *torch.Store) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, p := range st.All() {
		b, err := torch.CopyBytes(p.T)
		if err != nil {
			t.Fatal(err)
		}
		out[p.Name] = string(b)
	}
	return out
}
