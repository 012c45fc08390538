package text_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotune/gotune/pkg/text"
)

// A scan counts tokens before truncation, finds copies whatever their case and
// white space, and tells how far it is.
func TestScan(t *testing.T) {
	tok := openTok(t)
	path := filepath.Join(t.TempDir(), "texts.csv")
	const rows = "text,label\nthe film was good,a\n  The  FILM was good ,b\nthe film was bad,a\n"
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := text.OpenDataset(path, tok, text.DataOptions{MaxLength: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	last := 0
	s, err := d.Scan(context.Background(), 2, func(done, total int) {
		if done <= last || total != 3 {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tokens) != 3 || s.Tokens[0] != s.Tokens[1] || s.Tokens[0] < 6 || last != 3 {
		t.Errorf("tokens %v, %d seen", s.Tokens, last)
	}
	if s.Hashes[0] != s.Hashes[1] || s.Hashes[0] == s.Hashes[2] {
		t.Errorf("hashes %x", s.Hashes)
	}
	if name := d.Name(1); name != path+":3" && name != "texts.csv:3" {
		t.Errorf("name %q", name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Scan(ctx, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
