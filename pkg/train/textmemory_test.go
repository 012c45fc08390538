package train_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/train"
)

// Memory stays flat over 500 steps of BERT on texts of every length; the model is
// tiny, or the bundled MiniLM with GOTUNE_LONG=1.
func TestTextMemoryIsFlat(t *testing.T) {
	dir, most := "../text/testdata/bert-tiny", 24
	if os.Getenv("GOTUNE_LONG") != "" {
		dir, most = "../../weights/minilm-l6-h384-uncased", 96
	}
	tok, err := text.OpenTokenizer(vocabulary(t))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := text.Load(rt, dir, text.LoadOptions{Labels: []string{"short", "long"}})
	if err != nil {
		t.Fatal(err)
	}
	live := rt.Live()
	opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ds := openTexts(t, tok, most)
	defer ds.Close()
	const warmUp, steps = 100, 600
	var before int
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for s, err := range train.Steps(ctx, rt, ds.Epochs(ctx, 1000, 8, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		x, y := s.Batch.Tensors(s.Scope)
		s.Backward(s.CrossEntropy(m.Logits(s.Scope, x), y))
		opt.ClipNorm(s.Scope, 1)
		opt.Step(s.Scope, 1e-5)
		if s.Index+1 == warmUp {
			before = resident(t)
		}
		if s.Index+1 == steps {
			break
		}
	}
	// The heaps' holes differ by the lengths met last. A leak of one hidden state
	// a step would be 10 MiB and more.
	if grown := resident(t) - before; grown > 8<<20 {
		t.Errorf("memory grew by %d KiB in %d steps", grown>>10, steps-warmUp)
	}
	opt.Close()
	if n := rt.Live(); n != live {
		t.Errorf("%d tensors alive after training, %d before", n, live)
	}
	m.Close()
}

// resident is the memory of this process after both heaps gave back what they
// have free, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	rt.Trim()
	return sharedtest.Resident(t)
}

// vocabulary writes one that all models have rows for.
func vocabulary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tokens := "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nword\n"
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(tokens), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openTexts makes 64 texts of 1 to most words.
func openTexts(t *testing.T, tok *text.Tokenizer, most int) *text.Dataset {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	b.WriteString("text,label\n")
	for i := range 64 {
		n := 1 + r.IntN(most)
		label := "short"
		if i%2 == 1 {
			label = "long"
		}
		b.WriteString(strings.TrimSpace(strings.Repeat("word ", n)) + "," + label + "\n")
	}
	path := filepath.Join(t.TempDir(), "texts.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	ds, err := text.OpenDataset(path, tok, text.DataOptions{MaxLength: 128})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}
