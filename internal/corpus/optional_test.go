package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Columns of other data hold where a table has them; what was found in place of the
// others is told.
func TestTrainedColumns(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		trained             Columns
		o                   Options
		first               Example // of the data, without its label
		columns             string
		notes               []string
	}{
		{"all there", "r.csv", "text,body,label\na,b,1\nc,d,0\n", Columns{Text: "body", Label: "label"}, Options{}, Example{Text: "b"}, `r.csv: text "body", label "label"`, nil},
		{
			"one is given", "r.csv", "text,body,label,stars\na,b,1,5\nc,d,0,4\n",
			Columns{Text: "body", Label: "label"},
			Options{LabelColumn: "stars"},
			Example{Text: "b"},
			`r.csv: text "body", label "stars"`, nil,
		},
		{
			"the given one is another's", "r.csv", "body,label\na,1\nc,0\n",
			Columns{Text: "label"},
			Options{LabelColumn: "label"},
			Example{Text: "a"},
			`r.csv: text "body", label "label"`,
			[]string{`r.csv: no column "label" is there for the training data's text: column "body" is taken`},
		},
		{
			"no such text", "r.csv", "text,label\na,1\nc,0\n",
			Columns{Text: "body"},
			Options{},
			Example{Text: "a"},
			`r.csv: text "text", label "label"`,
			[]string{`r.csv: no column "body" is there for the training data's text: column "text" is taken`},
		},
		{
			"a number says nothing of names", "r.csv", "text,label\na,1\nc,0\n",
			Columns{Text: "2", Label: "1"},
			Options{},
			Example{Text: "a"},
			`r.csv: text "text", label "label"`,
			[]string{
				`r.csv: no column "2" is there for the training data's text: column "text" is taken`,
				`r.csv: no column "1" is there for the training data's label: column "label" is taken`,
			},
		},
		{
			"numbers without a header", "r.csv", "1,so good\n0,so bad\n",
			Columns{Text: "2", Label: "1"},
			Options{},
			Example{Text: "so good"},
			`r.csv: text 2, label 1, no header`, nil,
		},
		{
			"no header", "r.csv", "so good,1\nso bad,0\n",
			Columns{Text: "body"},
			Options{},
			Example{Text: "so good"},
			`r.csv: text 1, label 2, no header`,
			[]string{`r.csv: no column "body" is there for the training data's text: column 1 is taken`},
		},
		{
			"no pair", "r.csv", "body,label\na,1\nc,0\n",
			Columns{Text: "body", Pair: "other"},
			Options{},
			Example{Text: "a"},
			`r.csv: text "body", label "label"`,
			[]string{`r.csv: no column "other" is there for the training data's pair: none is taken`},
		},
		{
			"another label", "r.jsonl", `{"text":"a","label":1}`,
			Columns{Label: "stars"},
			Options{},
			Example{Text: "a"},
			`r.jsonl: text "text", label "label"`,
			[]string{`r.jsonl: no column "stars" is there for the training data's label: column "label" is taken`},
		},
		{
			"a label that nobody misses", "r.csv", "text,body\na,b b\nc,d d\n",
			Columns{Text: "body", Label: "stars"},
			Options{LabelsOptional: true},
			Example{Text: "b b"},
			`r.csv: text "body", label "text"`,
			[]string{`r.csv: no column "stars" is there for the training data's label: column "text" is taken`},
		},
		{
			"no label at all", "r.csv", "body\na\nc\n",
			Columns{Text: "body", Label: "stars"},
			Options{LabelsOptional: true},
			Example{Text: "a"},
			`r.csv: text "body"`, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
			c.o.Trained = c.trained
			d := open(t, path, c.o)
			e, err := d.Example(0)
			if err != nil || e.Text != c.first.Text || e.Pair != c.first.Pair {
				t.Errorf("example %+v (%v), want %+v", e, err, c.first)
			}
			r := d.Report()
			if !slices.Equal(r.Columns, []string{c.columns}) || !slices.Equal(r.Notes, c.notes) {
				t.Errorf("columns %q, notes %q, want %q, %q", r.Columns, r.Notes, c.columns, c.notes)
			}
		})
	}
}

// Where labels are optional and several columns may hold them, none is taken, which
// is told.
func TestUnclearLabels(t *testing.T) {
	for _, c := range []struct {
		name, content, columns string
		unclear                []string
	}{
		{
			"two names", "text,class,sentiment\na,b,1\n", `r.csv: text "text"`,
			[]string{`r.csv: no label is taken: it may be 2 "class", 3 "sentiment"; choose with --label-column`},
		},
		{
			"by data", "text,lang,grade\nso a,en,1\nso b,de,1\nso c,en,2\n", `r.csv: text "text"`,
			[]string{`r.csv: no label is taken: it may be 2 "lang", 3 "grade"; choose with --label-column`},
		},
		{
			"semicolons", "text;label\nfine;1\n", `r.csv: text 1, no header`,
			[]string{`r.csv: the separator seems to be ";": want commas in a .csv, tabs in a .tsv`},
		},
		{
			"nothing that recurs", "text,kind,grade\nso a,x,p\nso b,y,q\nso c,z,r\n", `r.csv: text "text"`,
			[]string{`r.csv: no label is taken: it may be 2 "kind", 3 "grade"; choose with --label-column`},
		},
		{"texts alone", "id,text\n1,fine\n", `r.csv: text "text"`, nil},
		{"one name", "text,class,lang\na,b,1\n", `r.csv: text "text", label "class"`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.csv")
			if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
			r := open(t, path, Options{LabelsOptional: true}).Report()
			if !slices.Equal(r.Columns, []string{c.columns}) || !slices.Equal(r.Unclear, c.unclear) {
				t.Errorf("columns %q, unclear %q, want %q, %q", r.Columns, r.Unclear, c.columns, c.unclear)
			}
		})
	}
}
