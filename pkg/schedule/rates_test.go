package schedule

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestParseLayerDecay(t *testing.T) {
	groups := []string{"block3", "block4", "block5", "head"}
	// 0.9·0.9 is not exactly the nearest float64 to 0.81.
	approx := cmpopts.EquateApprox(1e-15, 0)
	for text, want := range map[string][]float64{
		"":                             {1, 1, 1, 1},
		"1":                            {1, 1, 1, 1},
		"0.5":                          {0.125, 0.25, 0.5, 1},
		" 0.9 ":                        {0.729, 0.81, 0.9, 1},
		"head=1, block5=0.1":           {1, 1, 0.1, 1},
		"head=2,block5 = 0.1,*=0.01":   {0.01, 0.01, 0.1, 2},
		"*=0,head=1":                   {0, 0, 0, 1},
		"block3=1e-3":                  {1e-3, 1, 1, 1},
		"block3=0,block4=0,block5=0.5": {0, 0, 0.5, 1},
		"head=2, block*=0.5":           {0.5, 0.5, 0.5, 2},
		"*=0.1,block?=0.5,block4=0.3":  {0.5, 0.3, 0.5, 0.1},
		"block[45]=0.5,block*=0.2":     {0.2, 0.5, 0.5, 1},
	} {
		got, err := ParseLayerDecay(text, groups)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got, approx); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"0":                   `"0"`,
		"-0.5":                `"-0.5"`,
		"1.1":                 `"1.1"`,
		"NaN":                 `"NaN"`,
		"fast":                `"fast"`,
		"blok5=1":             `no group "blok5", have block3, block4, block5, head`,
		"head=x":              `"head=x"`,
		"head=-1":             `"head=-1"`,
		"head=1,head=2":       `"head" stands there twice`,
		"head=1,":             `""`,
		"layer.*=0.5":         `no group "layer.*", have block3, block4, block5, head`,
		"block[=0.5":          `no group "block["`,
		"head=1,0.1":          `"0.1"`,
		"blok5=1, block4=Inf": `"block4=Inf"`,
	} {
		if got, err := ParseLayerDecay(text, groups); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, error %v, want one with %s", text, got, err, want)
		}
	}
}

func TestLayerDecayFallsDownwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "groups")
		decay := rapid.Float64Range(0.1, 1).Draw(t, "decay")
		m := LayerDecay(n, decay)
		if len(m) != n || n > 0 && m[n-1] != 1 {
			t.Fatalf("%d groups: %v", n, m)
		}
		for i := 1; i < n; i++ {
			if math.Abs(m[i-1]-m[i]*decay) > 1e-14*m[i] {
				t.Errorf("multipliers %v and %v of neighbours, want factor %v", m[i-1], m[i], decay)
			}
		}
	})
}
