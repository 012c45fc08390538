package metrics

// Confusion counts examples by true class (row) and predicted class (column).
type Confusion [][]int

// NewConfusion returns the counts of no examples of c classes.
func NewConfusion(c int) Confusion {
	flat := make([]int, c*c)
	m := make(Confusion, c)
	for i := range m {
		m[i] = flat[i*c : (i+1)*c : (i+1)*c]
	}
	return m
}

// Add counts one example.
func (m Confusion) Add(label, predicted int) { m[label][predicted]++ }

// Examples returns how many examples are counted.
func (m Confusion) Examples() int {
	n := 0
	for _, row := range m {
		for _, c := range row {
			n += c
		}
	}
	return n
}

// Accuracy returns the fraction of examples predicted rightly, 0 without any.
func (m Confusion) Accuracy() float64 { return ratio(m.right(), m.Examples()) }

func (m Confusion) right() int {
	n := 0
	for i := range m {
		n += m[i][i]
	}
	return n
}

// BalancedAccuracy returns the mean recall of the classes that have examples.
func (m Confusion) BalancedAccuracy() float64 {
	var recalls float64
	present := 0
	for _, s := range m.scores() {
		if s.support > 0 {
			recalls += s.Recall
			present++
		}
	}
	if present == 0 {
		return 0
	}
	return recalls / float64(present)
}

// PRF is precision, recall and F1: of a class, or averaged. A ratio whose
// denominator is 0 is 0, as with scikit-learn's zero_division=0.
type PRF struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// classScore is a class's PRF and the counts of its row and column.
type classScore struct {
	PRF
	support, predicted int
}

func (m Confusion) scores() []classScore {
	scores := make([]classScore, len(m))
	for i, row := range m {
		for j, n := range row {
			scores[i].support += n
			scores[j].predicted += n
		}
	}
	for i := range scores {
		s, right := &scores[i], m[i][i]
		s.Precision = ratio(right, s.predicted)
		s.Recall = ratio(right, s.support)
		s.F1 = ratio(2*right, s.support+s.predicted)
	}
	return scores
}

// Macro returns the mean over the classes that occur, as a label or as a
// prediction: each counts the same, however rare.
func (m Confusion) Macro() PRF {
	return m.average(func(s classScore) float64 {
		if s.support+s.predicted == 0 {
			return 0
		}
		return 1
	})
}

// Weighted returns the mean over the classes weighted by their examples.
func (m Confusion) Weighted() PRF {
	return m.average(func(s classScore) float64 { return float64(s.support) })
}

func (m Confusion) average(weight func(classScore) float64) PRF {
	var a PRF
	var total float64
	for _, s := range m.scores() {
		w := weight(s)
		total += w
		a.Precision += w * s.Precision
		a.Recall += w * s.Recall
		a.F1 += w * s.F1
	}
	if total == 0 {
		return PRF{}
	}
	return PRF{a.Precision / total, a.Recall / total, a.F1 / total}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
