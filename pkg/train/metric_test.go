package train

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func epochOf(n int, loss, accuracy, f1 float64) EpochResult {
	return EpochResult{Epoch: n, ValLoss: &loss, ValAccuracy: &accuracy, ValF1: &f1}
}

// The epoch at which a run stops, by what it watches.
func TestStoppedEarly(t *testing.T) {
	epochs := []EpochResult{
		epochOf(1, 0.60, 0.80, 0.50),
		epochOf(2, 0.50, 0.80, 0.60),
		epochOf(3, 0.55, 0.81, 0.55),
		epochOf(4, 0.52, 0.81, 0.55),
		epochOf(5, 0.51, 0.81, 0.55),
		epochOf(6, 0.49, 0.79, 0.70),
	}
	for _, c := range []struct {
		name string
		o    FitOptions
		want int // 0: never
	}{
		{"off", FitOptions{}, 0},
		{"accuracy, of equals the lower loss", FitOptions{EarlyStop: 1}, 6},
		{"loss", FitOptions{EarlyStop: 1, BestBy: ByLoss}, 3},
		{"loss, patient", FitOptions{EarlyStop: 4, BestBy: ByLoss}, 0},
		{"loss, by so much", FitOptions{EarlyStop: 4, EarlyStopMetric: ByLoss, EarlyStopMin: 0.2}, 5},
		{"F1", FitOptions{EarlyStop: 2, EarlyStopMetric: ByF1}, 4},
		{"accuracy, by so much", FitOptions{EarlyStop: 2, EarlyStopMin: 0.05}, 3},
	} {
		f := &fit[Batch]{o: c.o}
		got := 0
		for i := range epochs {
			f.p.Epochs = epochs[:i+1]
			if f.stoppedEarly() {
				got = i + 1
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: stopped after epoch %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBestBy(t *testing.T) {
	a, b := epochOf(1, 0.5, 0.8, 0.6), epochOf(2, 0.4, 0.8, 0.5)
	got := map[Metric]bool{}
	for _, m := range []Metric{"", ByAccuracy, ByLoss, ByF1} {
		got[m] = m.better(b, a)
	}
	if d := cmp.Diff(map[Metric]bool{"": true, ByAccuracy: true, ByLoss: true, ByF1: false}, got); d != "" {
		t.Error(d)
	}
	if !ByAccuracy.better(EpochResult{Epoch: 2}, EpochResult{Epoch: 1}) {
		t.Error("without validation the last epoch is not the best")
	}
}
