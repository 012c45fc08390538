package corpus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReportOfTables(t *testing.T) {
	for _, c := range []struct {
		file, content string
		want          Report
		line          string
		texts         []string
	}{
		{
			"r.csv", "text,label\nd\xe9j\xe0 vu,1\n\n,0\n \t,0\n,,\nbad\n,\nok\xff\xff,1\nlost,\n",
			Report{
				Examples: 4, Replaced: 2, FirstReplaced: "r.csv:2", Empty: 2, FirstEmpty: "r.csv:4", Skipped: 3, Bad: 2,
				Columns: []string{`r.csv: text "text", label "label"`},
				BadRows: []string{"r.csv:7: want 2 columns as in the first row, got 1", `r.csv:10: no label in column "label"`},
			},
			"4 examples; 2 with invalid UTF-8, replaced by U+FFFD (first: r.csv:2); 2 with no text (first: r.csv:4); 3 blank rows; 2 bad rows left out",
			[]string{"d\uFFFDj\uFFFD vu", "", " \t", "ok\uFFFD"},
		},
		{
			"r.jsonl", "{\"text\":\"\xff\",\"label\":1}\n\n{\"text\":\"\",\"label\":2}\n{\"text\":null,\"label\":2}\n{\"text\":\"\xff\\n\",\"label\":1}\n",
			Report{Examples: 4, Replaced: 2, FirstReplaced: "r.jsonl:1", Empty: 2, FirstEmpty: "r.jsonl:3", Skipped: 1, Columns: []string{`r.jsonl: text "text", label "label"`}},
			"4 examples; 2 with invalid UTF-8, replaced by U+FFFD (first: r.jsonl:1); 2 with no text (first: r.jsonl:3); 1 blank rows",
			[]string{"\uFFFD", "", "", "\uFFFD\n"},
		},
	} {
		r := open(t, one(t, c.file, c.content), Options{SkipBad: true})
		if diff := cmp.Diff(c.want, r.Report()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.file, diff)
		}
		if got := r.Report().String(); got != c.line {
			t.Errorf("%s:\n%s, want\n%s", c.file, got, c.line)
		}
		var texts []string
		for _, e := range read(t, r) {
			texts = append(texts, e.Text)
		}
		if diff := cmp.Diff(c.texts, texts); diff != "" {
			t.Errorf("%s texts (-want +got):\n%s", c.file, diff)
		}
		if diff := cmp.Diff(c.want, r.Report()); diff != "" {
			t.Errorf("%s after reading (-want +got):\n%s", c.file, diff)
		}
	}
}

// Names that no other row has are no columns to choose from.
func TestObjectsOfManyNames(t *testing.T) {
	var rows strings.Builder
	for i := range sampleRows {
		rows.WriteString("{")
		for k := range 10 {
			fmt.Fprintf(&rows, `"%d":1,`, 10*i+k)
		}
		fmt.Fprintf(&rows, `"text":"a film","label":%d}`+"\n", i%2)
	}
	c := open(t, one(t, "r.jsonl", rows.String()), Options{})
	if want := `r.jsonl: text "text", label "label"`; c.Len() != sampleRows || c.Report().Columns[0] != want {
		t.Errorf("%d examples, %s", c.Len(), c.Report().Columns)
	}
}

func TestReportOfColumns(t *testing.T) {
	path := files{"train.csv": "0,so bad\n1,so good\n1,fine, so\n", "dev.jsonl": `{"premise":"a","hypothesis":"b","label":1}`}.write(t)
	want := []string{"train.csv: text 2, label 1, no header", `dev.jsonl: text "premise", pair "hypothesis", label "label"`}
	if diff := cmp.Diff(want, open(t, path, Options{SkipBad: true}).Report().Columns); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Texts in files of their own are counted once each, when they are first read.
func TestReportOfFolders(t *testing.T) {
	f := files{"a/1.txt": "\xff\xfe", "a/2.txt": "", "b/1.txt": "ok", "b/2.txt": " \n"}
	want := Report{Examples: 4, Replaced: 1, FirstReplaced: "a/1.txt", Empty: 2, FirstEmpty: "a/2.txt"}
	for form, path := range f.packings(t) {
		c := open(t, path, Options{})
		if diff := cmp.Diff(Report{Examples: 4}, c.Report()); diff != "" {
			t.Errorf("%s before reading (-want +got):\n%s", form, diff)
		}
		for range 2 {
			if got := read(t, c); got[0].Text != "\uFFFD" {
				t.Errorf("%s: text %q", form, got[0].Text)
			}
			if diff := cmp.Diff(want, c.Report()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", form, diff)
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	print := func(name, content string) string {
		p, err := open(t, one(t, name, content), Options{}).Fingerprint(t.Context())
		check(t, err)
		return p
	}
	same := print("a.csv", "text,label\nfine,pos\npoor,neg\n")
	if got := print("b.jsonl", `{"label":"pos","text":"fine"}`+"\n"+`{"label":"neg","text":"poor"}`); got != same {
		t.Error("the same examples in JSON have another fingerprint")
	}
	for name, content := range map[string]string{
		"text":   "text,label\nfinE,pos\npoor,neg\n",
		"label":  "text,label\nfine,neg\npoor,pos\n",
		"order":  "text,label\npoor,neg\nfine,pos\n",
		"bounds": "text,label\nfinep,pos\noor,neg\n",
	} {
		if print("a.csv", content) == same {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
}

// A small limit makes the spool take a file, which leaves no trace.
func TestSpoolOnDisk(t *testing.T) {
	text := strings.Repeat("a long film, ", 100_000) // 1.3 MB
	f := files{"pos/1.txt": text + "1", "pos/2.txt": "short", "neg/1.txt": text + "3", "neg/2.txt": text + text + "4"}
	packed := gz(t, f.tar(t))
	for name, limit := range map[string]int64{"file": 1, "memory": 0, "chunks, then file": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := open(t, one(t, "d.tar.gz", packed), Options{SpoolLimit: limit, TempDir: dir})
			s := c.tree.(*tarball).data.(*spool)
			if onDisk := s.file != nil; onDisk != (limit > 0) {
				t.Errorf("temporary file: %v", onDisk)
			}
			for _, e := range read(t, c) {
				if e.Text != f[e.ID] {
					t.Errorf("%s differs: %d bytes, want %d", e.ID, len(e.Text), len(f[e.ID]))
				}
			}
			check(t, c.Close())
			left, err := os.ReadDir(dir)
			check(t, err)
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	t.Run("nowhere to put it", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "missing")
		_, err := Open(one(t, "d.tar.gz", packed), Options{SpoolLimit: 1, TempDir: dir})
		if data := new(DataError); err == nil || errors.As(err, &data) {
			t.Errorf("error %v: want one that is not the data's", err)
		}
	})
	t.Run("table", func(t *testing.T) {
		rows := "text,label\n\"" + text + "\",1\n\"" + text + "b\",0\n"
		c := open(t, one(t, "r.csv.gz", gz(t, rows)), Options{SpoolLimit: 1, TempDir: t.TempDir()})
		if got := read(t, c); len(got) != 2 || got[1].Text != text+"b" {
			t.Errorf("%d rows", len(got))
		}
	})
}

// Loader workers read at the same time; the race detector watches.
func TestConcurrentReads(t *testing.T) {
	forms := imdb.packings(t)
	forms["csv"] = one(t, "r.csv", "text,label\na,0\nb\xff,1\nc,1\n")
	for form, path := range forms {
		c := open(t, path, Options{})
		want := read(t, c)
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for k := range 200 {
					i := (k + w) % c.Len()
					if got, err := c.Example(i); err != nil || got != want[i] {
						t.Errorf("%s: example %d: %+v, %v", form, i, got, err)
						return
					}
					c.Report()
				}
			})
		}
		wg.Wait()
	}
}
