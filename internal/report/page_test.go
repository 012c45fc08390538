package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// render returns the page and its elements, all of which must be closed.
func render(t *testing.T, p *Page) (string, []xml.StartElement) {
	t.Helper()
	data, err := p.Render()
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var elements []xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return string(data), elements
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements = append(elements, e.Copy())
		}
	}
}

// The page needs nothing but itself, runs nothing, and shows texts as texts.
func TestPageStandsAlone(t *testing.T) {
	page, all := render(t, run(t, t.TempDir(), 100, []string{"neg", "pos"}, true))
	elements := map[string]int{}
	ids, links := map[string]bool{}, []string{}
	for _, n := range all {
		elements[n.Name.Local]++
		for _, a := range n.Attr {
			switch key := a.Name.Local; {
			case key == "id":
				ids[a.Value] = true
			case key == "href" && strings.HasPrefix(a.Value, "#"):
				links = append(links, a.Value[1:])
			case key == "src" || key == "href":
				if !strings.HasPrefix(a.Value, "data:") {
					t.Errorf("<%s %s=%q> is outside of the page", n.Name.Local, key, a.Value)
				}
			case strings.HasPrefix(key, "on"):
				t.Errorf("<%s> runs %s", n.Name.Local, key)
			}
		}
	}
	if elements["script"]+elements["iframe"]+elements["object"] > 0 || strings.Contains(page, "http") || strings.Contains(page, "@import") {
		t.Error("the page runs or fetches something")
	}
	if elements["table"] == 0 || elements["table"] != elements["caption"] {
		t.Errorf("%d tables with %d captions", elements["table"], elements["caption"])
	}
	if n := strings.Count(page, `role="img" aria-label="`); n != elements["svg"] || n != 6 {
		t.Errorf("%d of %d drawings say what they show, want 6 of 6", n, elements["svg"])
	}
	for _, id := range links {
		if !ids[id] {
			t.Errorf("a link to %q, which is not there", id)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "embeddings", "bertft resume runs/demo", "Before training: accuracy 0.4900", ">finished<"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// The parts that there is nothing to say in are left out.
func TestPagesWithoutParts(t *testing.T) {
	empty := &Page{Program: "vggft", Title: "run"}
	if err := empty.Load(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if page, _ := render(t, empty); strings.Contains(page, "Curves") || !strings.Contains(page, "not begun") {
		t.Error("a run without steps has curves, or is not said to be one")
	}
	if png, err := empty.CurvesPNG(); err != nil || png != nil {
		t.Errorf("picture of %d bytes, error %v, want none", len(png), err)
	}

	full := run(t, t.TempDir(), 40, []string{"a", "b", "c"}, false)
	evaluation := &Page{Program: "bertft", Title: "model", Unit: "sequences", Evaluation: full.Evaluation}
	single := *full.Evaluation
	single.Examples = 1
	if page, _ := render(t, &Page{Program: "bertft", Title: "model", Unit: "sequences", Evaluation: &single}); !strings.Contains(page, ">1 sequence of validation") {
		t.Error("one example is not one")
	}
	page, _ := render(t, evaluation)
	for _, absent := range []string{"Curves", "Epochs", "Options", "What next"} {
		if strings.Contains(page, absent) {
			t.Errorf("an evaluation's page has %q", absent)
		}
	}
	if !strings.Contains(page, "Confusion matrix") {
		t.Error("no confusion matrix")
	}

	many := make([]string, 30)
	for i := range many {
		many[i] = "class " + string(rune('A'+i))
	}
	full = run(t, t.TempDir(), 40, many, false)
	if page, _ := render(t, full); strings.Contains(page, "Confusion matrix") || !strings.Contains(page, "Most frequent confusions") {
		t.Error("a matrix of 30 classes, or none of their confusions")
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		done, steps int
		ended       bool
		want        string
	}{
		{0, 0, false, "not begun"},
		{16, 4000, false, "step 16 of 4\u202f000"},
		{4000, 4000, false, "finished"},
		{4000, 4000, true, "finished"},
		{16, 40, true, "stopped early"},
	} {
		p := &Page{Journal: &Journal{Done: c.done, Steps: c.steps}, Ended: c.ended}
		if got := (view{Page: p}).Status(); got != c.want {
			t.Errorf("%d of %d steps, ended %t: %q, want %q", c.done, c.steps, c.ended, got, c.want)
		}
	}
	if got := (view{Page: &Page{}}).Status(); got != "evaluation" {
		t.Errorf("%q, want evaluation", got)
	}
}

// The same files give the same page and picture, to the byte.
func TestPageIsAFunctionOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	one := run(t, dir, 700, []string{"a", "b"}, true)
	two := *one
	if err := two.Load(dir); err != nil {
		t.Fatal(err)
	}
	a, _ := render(t, one)
	b, _ := render(t, &two)
	if a != b {
		t.Error("two pages of one folder differ")
	}
	x, err := one.CurvesPNG()
	if err != nil {
		t.Fatal(err)
	}
	y, err := two.CurvesPNG()
	if err != nil || !bytes.Equal(x, y) {
		t.Errorf("two pictures of one folder differ, or %v", err)
	}
}

func TestJournalErrors(t *testing.T) {
	const step = `{"type":"step","step":%,"steps":9,"loss":1,"lr":0.1,"grad_norm":2}`
	line := func(n string) string { return strings.Replace(step, "%", n, 1) + "\n" }
	for _, c := range []struct{ journal, want string }{
		{line("1") + "{\n", ":2: "},
		{line("2") + line("2"), ":2: step 2 of 9 after step 2"},
		{line("10"), ":1: step 10 of 9"},
	} {
		path := filepath.Join(t.TempDir(), JournalName)
		if err := os.WriteFile(path, []byte(c.journal), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadJournal(path); err == nil || !strings.Contains(err.Error(), path+c.want) {
			t.Errorf("%q: error %v, want %s%s", c.journal, err, path, c.want)
		}
	}
	// A crash cut the last line off.
	path := filepath.Join(t.TempDir(), JournalName)
	if err := os.WriteFile(path, []byte(line("1")+line("2")+`{"type":"st`), 0o644); err != nil {
		t.Fatal(err)
	}
	if j, err := ReadJournal(path); err != nil || j.Done != 2 {
		t.Errorf("journal %+v, error %v, want two steps", j, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadEvaluation(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}
