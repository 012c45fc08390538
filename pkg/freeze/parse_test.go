package freeze

import (
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		freeze, unfreeze string
		want             []string
	}{
		{"head,", "", []string{"--freeze", "empty term"}},
		{"a,,b", "", []string{"empty term"}},
		{"!", "", []string{"empty term"}},
		{"norms &", "", []string{"empty term"}},
		{"last:x", "", []string{`"last:x"`, "last:2"}},
		{"last two", "", []string{`"last two"`}},
		{"block 5", "", []string{`"block 5"`, "want a name"}},
		{"features.[1-", "", []string{"malformed", `"[1-"`}},
		{"features.{1..", "", []string{"features.{1.."}},
		{"", "head", []string{"--unfreeze", `"head" does not say when`}},
		{"", "head@", []string{`"" is no point`}},
		{"", "head@soon", []string{`"soon" is no point`}},
		{"", "head@-1", []string{`"-1" is no point`}},
		{"", "head@1.5", []string{`"1.5" is no point`}},
		{"", "head@5days", []string{`"5days" is no point`}},
		{"", "head@99999999999", []string{`"99999999999" is no point`}},
		{"", "@1", []string{"empty term"}},
		{"", "gradual/0", []string{"at least 1"}},
		{"", "gradual of 1", []string{"gradual every 1 epoch"}},
		{"", "gradual/soon", []string{`"soon" is no point`}},
		{"", "gradual,plateau", []string{"twice"}},
		{"head,", "head@soon, block5", []string{"empty term", `"soon"`, `"block5" does not say when`}},
	} {
		_, err := Parse(c.freeze, c.unfreeze)
		if err == nil {
			t.Errorf("%q, %q: no error", c.freeze, c.unfreeze)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q, %q: error %q does not say %q", c.freeze, c.unfreeze, err, w)
			}
		}
	}
}

func TestParsePoint(t *testing.T) {
	for text, want := range map[string]Point{
		"0": {}, "3": AfterEpochs(3), "3e": AfterEpochs(3), " 1 epoch ": AfterEpochs(1), "2epochs": AfterEpochs(2),
		"500steps": AfterSteps(500), "1 step": AfterSteps(1),
		"plateau": AfterPlateaus(1), "2 plateaus": AfterPlateaus(2),
	} {
		got, err := ParsePoint(text)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
		again, err := ParsePoint(strings.TrimPrefix(reorder(got.String()), "start"))
		if got.N > 0 && (err != nil || again != got) {
			t.Errorf("%q is written as %q and read as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "e", "steps", "x", "1x", "+1", "1 2", "plateaus"} {
		if got, err := ParsePoint(text); err == nil {
			t.Errorf("%q: %v, no error", text, got)
		}
	}
}

// reorder turns "after epoch 3" into "3 epoch".
func reorder(s string) string {
	unit, n, _ := strings.Cut(strings.TrimPrefix(s, "after "), " ")
	return n + " " + unit
}

func FuzzParse(f *testing.F) {
	for _, s := range [][2]string{
		{"", ""},
		{"embeddings,encoder.layer.[0-5]", ""},
		{"!block5,!head", "head@0, block5@1, block4@3"},
		{"norms & blocks, last:2", "gradual every 2 epochs"},
		{"features.{24,26,28}", "plateau"},
		{"**.**.bias", "gradual/500steps,embeddings@2plateaus"},
	} {
		f.Add(s[0], s[1])
	}
	params := append(bert(), vgg16()[:8]...)
	f.Fuzz(func(t *testing.T, freeze, unfreeze string) {
		p, err := Parse(freeze, unfreeze)
		if err != nil {
			return
		}
		at := Progress{Step: 30, Epoch: 3, Plateaus: []int{7}}
		mask := p.Trainable(params, at)
		if len(mask) != len(params) {
			t.Fatalf("mask of %d for %d parameters", len(mask), len(params))
		}
		plan, err := Compile(params, Spec{Policy: p, StepsPerEpoch: 10, Epochs: 9, WarmupSteps: 3})
		if err != nil {
			return
		}
		if prefix := plan.FrozenPrefix(mask); prefix < 0 || prefix > len(plan.Groups()) {
			t.Errorf("frozen prefix %d", prefix)
		}
		if s := plan.Timetable().String(); !strings.Contains(s, "train at the start") {
			t.Errorf("timetable %q", s)
		}
	})
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"head", "head", 0},
		{"haed", "head", 1},
		{"blok5", "block5", 1},
		{"encoder.layers.0", "encoder.layer.0", 1},
		{"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
