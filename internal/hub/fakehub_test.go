package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotune/gotune/internal/hubtest"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// fakeHub is a hub of the test's own.
type fakeHub struct{ *hubtest.Hub }

func newFakeHub(t testing.TB) *fakeHub {
	t.Helper()
	h := &fakeHub{hubtest.Start()}
	t.Cleanup(h.Close)
	return h
}

// bert is a repository such as the text models'.
func bert() map[string][]byte {
	return map[string][]byte{
		"config.json":           []byte(`{"model_type":"bert"}`),
		"tokenizer.json":        []byte(`{"model":{}}`),
		"vocab.txt":             []byte("[PAD]\n[UNK]\n"),
		"tokenizer_config.json": []byte(`{}`),
		"model.safetensors":     noise(1<<20, 1),
	}
}

func noise(n, seed int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
	return data
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sortedStrings(s []string) []string { return slices.Sorted(slices.Values(s)) }
