package schedule

import (
	"strings"
	"testing"
)

func TestParseWarmup(t *testing.T) {
	for text, want := range map[string]Warmup{
		"":          {},
		"0":         {},
		"0.0":       {},
		"1":         {Steps: 1},
		"100":       {Steps: 100},
		"100 steps": {Steps: 100},
		"1step":     {Steps: 1},
		" 7 ":       {Steps: 7},
		"0.1":       {Fraction: 0.1},
		".5":        {Fraction: 0.5},
		"1e-3":      {Fraction: 1e-3},
		"10%":       {Fraction: 0.1},
		"6 %":       {Fraction: 0.06},
	} {
		got, err := ParseWarmup(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "1.0", "1.5", "100%", "NaN", "Inf", "ten", "steps", "%", "-0.1", "3 epochs", "0x"} {
		if got, err := ParseWarmup(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %+v, error %v", text, got, err)
		}
	}
}

func FuzzParseWarmup(f *testing.F) {
	for _, s := range []string{"", "0.1", "100 steps", "10%", "1e-300", "0.30000000000000004"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWarmup(text)
		if err != nil {
			return
		}
		if n := w.Of(1000); n < 0 || w.Fraction > 0 && n > 1000 {
			t.Errorf("%q: %d steps of 1000", text, n)
		}
		var again Warmup
		b, err := w.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalText(b); err != nil || again != w {
			t.Errorf("%q: %+v is written as %q and read as %+v, %v", text, w, b, again, err)
		}
	})
}
