package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aclImdb as it is published: unlabelled reviews, lists of addresses and bags of
// words beside the class folders, all within one outer folder.
var imdb = files{
	"aclImdb/README":                  "about",
	"aclImdb/imdb.vocab":              "the\nand\n",
	"aclImdb/imdbEr.txt":              "0.1\n",
	"aclImdb/train/pos/0_9.txt":       "Great.",
	"aclImdb/train/pos/1_7.txt":       "Good <br /> fun",
	"aclImdb/train/neg/0_3.txt":       "Bad",
	"aclImdb/train/unsup/0_0.txt":     "who knows",
	"aclImdb/train/urls_pos.txt":      "http://…",
	"aclImdb/train/labeledBow.feat":   "9 0:9",
	"aclImdb/test/pos/0_10.txt":       "\ufeffBest",
	"aclImdb/test/neg/10_1.txt":       "Worst",
	"aclImdb/test/neg/.hidden.txt":    "x",
	"aclImdb/test/neg/._10_1.txt":     "resource fork",
	"__MACOSX/aclImdb/test/a/._1.txt": "x",
}

func TestSplitFolders(t *testing.T) {
	want := []Example{
		{"Bad", "", 0, "train/neg/0_3.txt"},
		{"Great.", "", 1, "train/pos/0_9.txt"},
		{"Good <br /> fun", "", 1, "train/pos/1_7.txt"},
		{"Worst", "", 0, "test/neg/10_1.txt"},
		{"Best", "", 1, "test/pos/0_10.txt"},
	}
	prints := map[string]string{}
	for form, path := range imdb.packings(t) {
		t.Run(form, func(t *testing.T) {
			c := open(t, path, Options{})
			if diff := cmp.Diff(want, read(t, c)); diff != "" {
				t.Errorf("examples (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"neg", "pos"}, c.Classes()); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"train", "test"}, c.Splits()); diff != "" {
				t.Errorf("splits (-want +got):\n%s", diff)
			}
			for i := range c.Len() {
				if c.InSplit(i, "test") != (i >= 3) || !c.InSplit(i, "") {
					t.Errorf("example %d: of test is %t, of all %t", i, c.InSplit(i, "test"), c.InSplit(i, ""))
				}
			}
			check(t, c.CheckTrainable(slices.Values([]int{0, 1, 2, 3, 4})))
			print, err := c.Fingerprint(t.Context())
			check(t, err)
			prints[print] = form

			test := open(t, path, Options{Split: "testing"})
			if diff := cmp.Diff(want[3:], read(t, test)); diff != "" {
				t.Errorf("test split (-want +got):\n%s", diff)
			}
		})
	}
	if len(prints) != 1 {
		t.Errorf("fingerprints differ by packing: %v", prints)
	}
}

func TestClassFolders(t *testing.T) {
	f := files{
		"10/b.txt":    "ten b",
		"10/a.TXT":    "ten a",
		"9/x/y/z.txt": "nine",
		"9/notes.md":  "no example",
		"readme.txt":  "no example",
	}
	want := []Example{
		{"nine", "", 0, "9/x/y/z.txt"},
		{"ten a", "", 1, "10/a.TXT"},
		{"ten b", "", 1, "10/b.txt"},
	}
	for form, path := range f.packings(t) {
		c := open(t, path, Options{})
		got := read(t, c)
		slices.SortFunc(got, func(a, b Example) int { return a.Label - b.Label })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
		if diff := cmp.Diff([]string{"9", "10"}, c.Classes()); diff != "" || c.Splits() != nil {
			t.Errorf("%s: classes (-want +got):\n%s, splits %v", form, diff, c.Splits())
		}
	}
}

func TestFolderOfTables(t *testing.T) {
	f := files{
		"SST-2/train.tsv":    "sentence\tlabel\nfine film\t1\npoor film\t0\n",
		"SST-2/dev.tsv":      "sentence\tlabel\nso so\t0\n",
		"SST-2/test.tsv":     "index\tsentence\n0\tunlabelled\n",
		"SST-2/original.log": "x",
	}
	want := []Example{
		{"fine film", "", 1, "train.tsv:2"},
		{"poor film", "", 0, "train.tsv:3"},
		{"so so", "", 0, "dev.tsv:2"},
	}
	for form, path := range f.packings(t) {
		c := open(t, path, Options{})
		if diff := cmp.Diff(want, read(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
		if diff := cmp.Diff([]string{"train", "val"}, c.Splits()); diff != "" {
			t.Errorf("%s splits (-want +got):\n%s", form, diff)
		}
		if diff := cmp.Diff([]string{"test.tsv: no labels: left out"}, c.Report().Notes); diff != "" {
			t.Errorf("%s notes (-want +got):\n%s", form, diff)
		}
		test := open(t, path, Options{Split: "test", LabelsOptional: true})
		unlabelled := []Example{{"unlabelled", "", NoLabel, "test.tsv:2"}}
		if diff := cmp.Diff(unlabelled, read(t, test)); diff != "" {
			t.Errorf("%s test (-want +got):\n%s", form, diff)
		}
	}
}

// GLUE's test labels are -1, for want of published ones.
func TestPlaceholderLabelsOfTheTestSplit(t *testing.T) {
	f := files{
		"train.jsonl": `{"text":"fine film","label":1}` + "\n" + `{"text":"poor film","label":0}` + "\n",
		"val.jsonl":   `{"text":"so so","label":2}` + "\n",
		"test.jsonl":  `{"text":"who knows","label":-1}` + "\n" + `{"text":"known","label":1}` + "\n" + `{"text":"nobody","label":-1}` + "\n",
	}
	for form, path := range f.packings(t) {
		c := open(t, path, Options{})
		if diff := cmp.Diff([]string{"0", "1", "2"}, c.Classes()); diff != "" {
			t.Errorf("%s classes (-want +got):\n%s", form, diff)
		}
		var labels []int
		for _, e := range read(t, c) {
			labels = append(labels, e.Label)
		}
		if diff := cmp.Diff([]int{1, 0, 2, NoLabel, 1, NoLabel}, labels); diff != "" {
			t.Errorf("%s labels (-want +got):\n%s", form, diff)
		}
		want := []string{`2 test examples have a label that is no class, and count as unlabelled; the first: test.jsonl:1, "-1"`}
		if diff := cmp.Diff(want, c.Report().Notes); diff != "" || c.Report().Unlabelled != 2 {
			t.Errorf("%s: %d unlabelled, notes (-want +got):\n%s", form, c.Report().Unlabelled, diff)
		}
		// By itself, or beside unlabelled texts, it says what the classes are.
		if c := open(t, path, Options{Split: "test"}); len(c.Classes()) != 2 || len(c.Report().Notes) != 0 {
			t.Errorf("%s, test alone: classes %v, notes %q", form, c.Classes(), c.Report().Notes)
		}
	}
	// To a model's classes it must belong, but beside other splits.
	path := f.write(t)
	for _, classes := range [][]string{{"0", "1", "2"}, {"poor", "fine", "so"}} { // by name or by index
		c := open(t, path, Options{Labels: classes})
		if got := c.Report().Unlabelled; got != 2 || c.Label(4) != 1 || c.Label(5) != NoLabel {
			t.Errorf("classes %v: %d unlabelled, labels %d, %d", classes, got, c.Label(4), c.Label(5))
		}
	}
	expectFault(t, path, Options{Labels: []string{"0", "1", "2"}, Split: "test"}, path+`: label "-1" (test.jsonl:1) is none of the classes 0, 1, 2`)
	expectFault(t, path, Options{Labels: []string{"0", "1"}}, path+`: label "2" (val.jsonl:1) is none of the classes 0, 1`)
	beside := files{"train/1.txt": "x", "test/a/1.txt": "y"}.write(t)
	if c := open(t, beside, Options{LabelsOptional: true}); len(c.Classes()) != 1 || c.Label(1) != 0 {
		t.Errorf("beside unlabelled texts: classes %v, label %d", c.Classes(), c.Label(1))
	}
}

func TestLinksInATar(t *testing.T) {
	archive := func(members ...tar.Header) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range members {
			content := h.Linkname
			if h.Typeflag == tar.TypeReg {
				h.Linkname, h.Size = "", int64(len(content))
			}
			check(t, w.WriteHeader(&h))
			if h.Typeflag == tar.TypeReg {
				_, err := w.Write([]byte(content))
				check(t, err)
			}
		}
		check(t, w.Close())
		return b.String()
	}
	file := func(name, content string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeReg, Linkname: content}
	}
	hard := func(name, to string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeLink, Linkname: to, Size: 700} // as some write it
	}
	packed := archive(
		file("./a/1.txt", "one"), hard("./b/1.txt", "./a/1.txt"), file("a/1.txt", "other"),
		hard("b/2.txt", "a/1.txt"), hard("b/3.txt", "b/1.txt"), hard("b/4.txt", "nowhere.txt"),
		tar.Header{Name: "a/2.txt", Typeflag: tar.TypeSymlink, Linkname: "1.txt"},
		tar.Header{Name: ".hidden", Typeflag: tar.TypeSymlink, Linkname: "1.txt"},
		hard("b/5.txt", "/a/1.txt"),
	)
	want := []Example{
		{"other", "", 0, "a/1.txt"},
		{"one", "", 1, "b/1.txt"},
		{"other", "", 1, "b/2.txt"},
		{"one", "", 1, "b/3.txt"},
		{"other", "", 1, "b/5.txt"},
	}
	for name, path := range map[string]string{"tar": one(t, "d.tar", packed), "tar.gz": one(t, "d.tar.gz", gz(t, packed))} {
		c := open(t, path, Options{})
		if diff := cmp.Diff(want, read(t, c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{"2 links in the archive are left out; the first: b/4.txt"}, c.Report().Notes); diff != "" {
			t.Errorf("%s notes (-want +got):\n%s", name, diff)
		}
	}
}

// A link in a zip is a file whose content is where it leads.
func TestLinksInAZip(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"a/1.txt", "b/1.txt", "b/link.txt"} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o644)
		if name == "b/link.txt" {
			h.SetMode(fs.ModeSymlink | 0o777)
		}
		m, err := w.CreateHeader(h)
		check(t, err)
		_, err = m.Write([]byte("../a/1.txt"))
		check(t, err)
	}
	check(t, w.Close())
	c := open(t, one(t, "d.zip", b.String()), Options{})
	if c.Len() != 2 {
		t.Errorf("%d examples", c.Len())
	}
	if diff := cmp.Diff([]string{"1 links in the archive are left out; the first: b/link.txt"}, c.Report().Notes); diff != "" {
		t.Error(diff)
	}
}

func TestOneTableInAFolder(t *testing.T) {
	csv := "review,sentiment\nfine,positive\npoor,negative\n"
	for name, f := range map[string]files{
		"plain":      {"IMDB Dataset.csv": csv},
		"compressed": {"a/b/IMDB Dataset.csv.gz": gz(t, csv)},
		"beside":     {"data.csv": csv, "docs/about.md": "x", "docs/licence.txt": "x"},
	} {
		for form, path := range f.packings(t) {
			c := open(t, path, Options{})
			if got := read(t, c); len(got) != 2 || got[1].Text != "poor" || got[1].Label != 0 {
				t.Errorf("%s in %s: %+v", name, form, got)
			}
		}
	}
}

func TestFlatTextsAreUnlabelled(t *testing.T) {
	path := files{"b.txt": "two", "a.txt": "one", "c.doc": "x"}.write(t)
	c := open(t, path, Options{LabelsOptional: true, Labels: []string{"neg", "pos"}})
	want := []Example{{"one", "", NoLabel, "a.txt"}, {"two", "", NoLabel, "b.txt"}}
	if diff := cmp.Diff(want, read(t, c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"neg", "pos"}, c.Classes()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	if got := c.Report().Unlabelled; got != 2 {
		t.Errorf("report: %d unlabelled", got)
	}
}

func TestUnlabelledSplitFolderIsLeftOut(t *testing.T) {
	f := files{"train/a/1.txt": "x", "train/b/1.txt": "y", "test/1.txt": "z"}
	c := open(t, f.write(t), Options{})
	if diff := cmp.Diff([]string{"test/: no class folders: left out"}, c.Report().Notes); c.Len() != 2 || diff != "" {
		t.Errorf("%d examples, notes (-want +got):\n%s", c.Len(), diff)
	}
	if c := open(t, f.write(t), Options{LabelsOptional: true}); c.Len() != 3 || c.Label(2) != NoLabel {
		t.Errorf("labels optional: %d examples", c.Len())
	}
}

func TestSymbolicLinks(t *testing.T) {
	elsewhere := files{"1.txt": "linked"}.write(t)
	root := files{"pos/1.txt": "x"}.write(t)
	if err := os.Symlink(elsewhere, filepath.Join(root, "neg")); err != nil {
		t.Skip(err)
	}
	check(t, os.Symlink(filepath.Join(elsewhere, "1.txt"), filepath.Join(root, "pos", "2.txt")))
	c := open(t, root, Options{})
	if got := read(t, c); len(got) != 3 || got[0].Text != "linked" || got[2].Text != "linked" {
		t.Errorf("%+v", got)
	}
}

func TestEarlierOfTwoEqualTarMembersIsReplaced(t *testing.T) {
	// tar --append of a changed file: the later member is the file.
	first, second := files{"a/1.txt": "old", "b/1.txt": "b"}.tar(t), files{"a/1.txt": "new"}.tar(t)
	c := open(t, one(t, "x.tar", first[:len(first)-1024]+second), Options{})
	if got := read(t, c); len(got) != 2 || got[0].Text != "new" {
		t.Errorf("%+v", got)
	}
}
