package imageset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeList writes a list beside a few pictures.
func writeList(t testing.TB, name, text string) string {
	t.Helper()
	root := t.TempDir()
	writeTree(t, root, "img/1.jpg", "img/2 b.jpg", "img/蟻.png")
	path := filepath.Join(root, name)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "ROOT", filepath.ToSlash(root))), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		o                Options
		ids              []string
		classes          []string
		labels           []int
	}{
		{
			"header", "l.csv", "path,label\nimg/1.jpg,bee\nimg/2 b.jpg,ant\n",
			Options{},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"ant", "bee"},
			[]int{1, 0},
		},
		{
			"no header", "l.csv", "img/1.jpg,bee\nimg/2 b.jpg,ant",
			Options{},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"ant", "bee"},
			[]int{1, 0},
		},
		{
			"byte order mark, quotes, blank lines, Windows ends", "l.csv", "\uFEFFfilename,class\r\n\"img/1.jpg\",\" a, b \"\r\n\r\nimg/蟻.png,c\r\n",
			Options{},
			[]string{"img/1.jpg", "img/蟻.png"},
			[]string{"a, b", "c"},
			[]int{0, 1},
		},
		{
			"numbers in order, columns in any", "l.csv", "id,label,image\n7,10,img/1.jpg\n8,9,img/2 b.jpg\n",
			Options{},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"9", "10"},
			[]int{1, 0},
		},
		{
			"named columns", "l.csv", "a,b,c\nx,img/1.jpg,y\nz,img/2 b.jpg,w\n",
			Options{PathColumn: "B", LabelColumn: "3"},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"w", "y"},
			[]int{1, 0},
		},
		{
			"tabs", "l.tsv", "path\tlabel\nimg/1.jpg\tbee \"x\"\nimg/2 b.jpg\tant\n",
			Options{},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"ant", "bee \"x\""},
			[]int{1, 0},
		},
		{
			"absolute paths", "l.csv", "ROOT/img/1.jpg,1\nimg/2 b.jpg,0\n",
			Options{Classes: []string{"1", "0"}},
			nil,
			[]string{"1", "0"},
			[]int{0, 1},
		},
		{
			"no labels", "l.csv", "image\nimg/1.jpg\nimg/2 b.jpg\n",
			Options{LabelsOptional: true, Classes: []string{"x"}},
			[]string{"img/1.jpg", "img/2 b.jpg"},
			[]string{"x"},
			[]int{-1, -1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, writeList(t, c.file, c.text), c.o)
			if diff := cmp.Diff(c.ids, ids(s)); c.ids != nil && diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.classes, s.Classes()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.labels, s.Labels(nil)); diff != "" {
				t.Error(diff)
			}
			for i := range s.Len() {
				if _, err := s.Read(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestBadLists(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          Options
		want       string
	}{
		{"empty", "", Options{}, "l.csv: empty file"},
		{"only a header", "path,label\n", Options{}, "a header and no rows"},
		{"no label", "path,label\nimg/1.jpg,a\nimg/2 b.jpg, \n", Options{}, "l.csv:3: img/2 b.jpg has no label"},
		{"no path", "path,label\n ,a\n", Options{}, "l.csv:2: no path"},
		{"short row", "path,label\nimg/1.jpg\n", Options{}, "l.csv:2: 1 columns, want at least 2"},
		{"one column", "path\nimg/1.jpg\n", Options{}, "which column holds the labels?"},
		{"unknown columns", "a,b,c\n1,2,3\n", Options{}, "which column holds the paths? There are a, b, c"},
		{"no such column", "path,label\nimg/1.jpg,a\n", Options{LabelColumn: "kind"}, `no column "kind"; there are path, label`},
		{"same column", "path,label\nimg/1.jpg,a\n", Options{LabelColumn: "path"}, "both path and label"},
		{"one class", "img/1.jpg,a\nimg/2 b.jpg,a\n", Options{}, `one class only, "a"`},
		{"unknown class", "img/1.jpg,a\nimg/2 b.jpg,b\n", Options{Classes: []string{"a", "c"}}, `l.csv:2: label "b" is none of the 2 classes: a, c`},
		{"nothing there", "x/1.jpg,a\nx/2.jpg,b\n", Options{}, "nor any of the others"},
		{"quote", "img/1.jpg,\"a\nimg/2 b.jpg,b\n", Options{}, "l.csv:"},
		{"split", "img/1.jpg,a\n", Options{Split: "val"}, "--split val: a list has no splits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(writeList(t, "l.csv", c.text), c.o)
			isData(t, err, c.want)
		})
	}
}

// One file of many that is missing is a bad file with the list's line.
func TestListMissingFile(t *testing.T) {
	s := mustOpen(t, writeList(t, "l.csv", "img/1.jpg,a\nimg/gone.jpg,b\n"), Options{})
	_, err := s.Read(1)
	isData(t, err, "gone.jpg: no such file")
	if err == nil || !strings.Contains(err.Error(), "l.csv:2: ") || !IsBadFile(err) {
		t.Errorf("error %v does not name the line", err)
	}
}
