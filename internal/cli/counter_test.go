package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Off a terminal a long pass is told every 15 seconds, a short one not at all.
func TestCounter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := &Env{Program: "vggft", Stderr: f}
	observe, done := env.Counter("reading pictures")
	now := env.shown.now()
	env.shown.now = func() time.Time { return now }
	for n := range 60 {
		now = now.Add(time.Second)
		observe(n+1, 60)
	}
	done()
	env.say("and then")
	out, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); len(lines) != 4 ||
		!strings.HasPrefix(lines[0], "reading pictures 15/60  1/s") || lines[3] != "and then" {
		t.Errorf("told:\n%s", out)
	}
}
