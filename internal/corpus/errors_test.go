package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every fault of the data is one *DataError that names the file, and the row
// where there is one. %s is the path.
func TestFaults(t *testing.T) {
	many := "text,label\n"
	for i := range 60 {
		many += fmt.Sprintf("fine film,%d.5\n", i)
	}
	imdbTar := imdb.tar(t)
	member := strings.Index(imdbTar, "./aclImdb/test/neg/10_1.txt") // at a boundary of blocks
	for _, c := range []struct {
		name, file, content string
		o                   Options
		want                string
	}{
		{"no label in CSV", "r.csv", "text,label\n\"two\nlines\",pos\nfine,\n", Options{}, `%s:4: no label in column "label"`},
		{"no label in TSV", "r.tsv", "fine\tpos\npoor\tpos\nso so\tneg\nbad\t \n", Options{LabelColumn: "2", TextColumn: "1"}, `%s:4: no label in column 2`},
		{"no label in JSON", "r.jsonl", `{"text":"a","label":1}` + "\n" + `{"text":"b"}`, Options{}, `%s:2: no label in column "label"`},
		{"null label in JSON", "r.jsonl", `{"text":"a","label":1}` + "\n" + `{"text":"b","label":null}`, Options{}, `%s:2: no label in column "label"`},
		{"no text in JSON", "r.jsonl", `{"text":"a","label":1}` + "\n" + `{"label":1}`, Options{}, `%s:2: no "text" in the object`},
		{"list as label", "r.jsonl", `{"text":"a","label":[1, 2]}`, Options{}, `%s:1: label "[1, 2]" is a list or an object, want a string, number or boolean`},
		{"list as text", "r.jsonl", `{"text":["a"],"label":"x"}`, Options{}, `%s:1: "text" is a list or an object, want a string`},
		{"unknown label", "r.csv", "text,label\nfine,pos\npoor,odd\n", Options{Labels: []string{"neg", "pos"}}, `%s: label "odd" (r.csv:3) is none of the classes neg, pos`},
		{"index out of range", "r.csv", "text,label\nfine,1\npoor,2\n", Options{Labels: []string{"neg", "pos"}}, `%s: label "1" (r.csv:2) is none of the classes neg, pos`},
		{"missing text column", "r.csv", "text,label\nfine,1\n", Options{TextColumn: "body"}, `%s: --text-column: no column "body"; there are 1 "text", 2 "label"`},
		{"missing label column", "r.csv", "text,label\nfine,1\n", Options{LabelColumn: "3"}, `%s: --label-column: no column "3"; there are 1 "text", 2 "label"`},
		{"missing column without header", "r.csv", "fine film,1\n", Options{LabelColumn: "0"}, `%s: --label-column: no column "0"; there are 1 (such as "fine film"), 2 (such as "1")`},
		{"one column for two", "r.csv", "text,label\nfine,1\n", Options{TextColumn: "label", LabelColumn: "2"}, `%s: --label-column: column "2" is already another's`},
		{"two names for the text", "r.csv", "content,review,label\na,b,1\n", Options{}, `%s: cannot tell which column is the text: there are 1 "content", 2 "review", 3 "label"; choose with --text-column, a name or a number`},
		{"two names for the label", "r.csv", "text,class,sentiment\na,b,1\n", Options{}, `%s: cannot tell which column is the label: there are 1 "text", 2 "class", 3 "sentiment"; choose with --label-column, a name or a number`},
		{"two texts, no header", "r.csv", "3,one title,a description\n4,two titles,more description\n3,title three,a third\n", Options{}, `%s: cannot tell which column is the text: there are 1 (such as "3"), 2 (such as "one title"), 3 (such as "a description"); choose with --text-column, a name or a number`},
		{"two labels by data", "r.csv", "text,lang,grade\nso a,en,1\nso b,de,1\nso c,en,2\n", Options{}, `%s: cannot tell which column is the label: there are 1 "text", 2 "lang", 3 "grade"; choose with --label-column, a name or a number`},
		{"no label column", "r.csv", "id,text\n1,fine\n2,poor\n", Options{}, `%s: no label column: there are 1 "id", 2 "text"; choose with --label-column, a name or a number`},
		{"texts only", "r.tsv", "fine\npoor\n", Options{}, `%s: no label column: there is 1 (such as "fine"); labels want a column of their own`},
		{"semicolons", "r.csv", "text;label\nfine;1\npoor;0\n", Options{}, `%s: no label column: there is 1 (such as "text;label"); the separator seems to be ";": want commas in a .csv, tabs in a .tsv`},
		{"tabs", "r.csv", "text\tlabel\nfine\t1\npoor\t0\n", Options{TextColumn: "text"}, `%s: --text-column: no column "text"; there is 1 "text\tlabel"; the separator seems to be "\t": want commas in a .csv, tabs in a .tsv`},
		{"one column, and more", "r.csv", "fine\npoor,1\n", Options{TextColumn: "1", LabelsOptional: true}, `%s:2: want 1 column as in the first row, got 2`},
		{"numbers as labels", "r.csv", many, Options{}, `%s: column "label" has 60 different values in 60 rows and can hardly be the label; choose with --label-column`},
		{"row too short", "r.csv", "text,label\nfine\n", Options{}, `%s:2: want 2 columns as in the first row, got 1`},
		{"row too long", "r.csv", "text,label\nfine,1\nfine, so fine,1\n", Options{}, `%s:3: want 2 columns as in the first row, got 3`},
		{"quote left open", "r.csv", "text,label\nfine,1\n\"poor,0\nbad,0\n", Options{}, `%s:3: a quoted field that begins in this row is never closed`},
		{"quote left open at once", "r.csv", "\"text,label\nfine,1\n", Options{}, `%s:1: a quoted field that begins in this row is never closed`},
		{"text behind a quote", "r.csv", "text,label\n\"fine\" film,1\n", Options{TextColumn: "text", LabelColumn: "label"}, `%s:2: text follows a closing quote (a quote inside a quoted field must be doubled)`},
		{"quote not doubled", "r.csv", "text,label\nfine,1\n\"fine\" film,1\n", Options{}, `%s:3: text follows a closing quote (a quote inside a quoted field must be doubled)`},
		{"quote not doubled behind empty cells", "r.csv", "id,text,label\n1,fine,pos\n,,\"a\"b\n2,poor,neg\n", Options{}, `%s:3: text follows a closing quote (a quote inside a quoted field must be doubled)`},
		{"keys in place of rows", "r.json", "{" + strings.Repeat(`"a":"fine",`, 500_000) + `"label":1}`, Options{}, `%s:1: an object of more than 4096 members: want a line for each example, not a key`},
		{"empty file", "r.csv", "", Options{}, `%s: empty file`},
		{"empty compressed file", "r.csv.gz", "", Options{}, `%s: empty file`},
		{"nothing compressed", "r.csv.gz", gz(t, ""), Options{}, `%s: empty file`},
		{"blank lines", "r.tsv", "\n \r\n\n", Options{}, `%s: no rows`},
		{"a byte order mark", "r.tsv", "\ufeff", Options{}, `%s: no rows`},
		{"header only", "r.csv", "text,label\n", Options{}, `%s: nothing but a header`},
		{"all rows bad", "r.csv", "text,label\na,\nb,\n", Options{SkipBad: true, LabelColumn: "label"}, `%s: no examples`},
		{"UTF-16", "r.csv", "\xff\xfet\x00", Options{}, `%s: text in UTF-16: save it as UTF-8`},
		{"JSON array", "r.json", `[{"text":"a","label":1}]`, Options{}, `%s:1: a JSON array where an object was expected: write one {…} per line`},
		{"broken JSON", "r.jsonl", `{"text":"a","label":1}` + "\n" + `{"text":"b" "label":1}`, Options{}, `%s:2: not a JSON object: want , or } at byte 13, near "\"label\":1}"`},
		{"JSON over lines", "r.jsonl", "{\n\"text\":\"b\",\n\"label\":1}", Options{}, `%s:1: not a JSON object: want a key in quotes at byte 2, near ""`},
		{"truncated table", "r.csv.gz", gz(t, many)[:60], Options{}, `%s: truncated: the compressed data ends too early`},
		{"not compressed", "r.csv.gz", many, Options{}, `%s: not a gzip file`},
		{"damaged", "r.csv.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff", Options{}, `%s: damaged: flate: corrupt input before offset 1`},
		{"other kind", "r.parquet", "PAR1", Options{}, `%s: not a kind of data that is known by its name: want ` + knownKinds},
		{"truncated .tar.gz", "d.tar.gz", gz(t, imdbTar)[:250], Options{}, `%s: truncated: the compressed data ends too early`},
		{"tar cut in a member, then compressed", "d.tgz", gz(t, imdbTar[:member+514]), Options{}, `%s: truncated: the archive ends too early`},
		{"tar cut in a member", "d.tar", imdbTar[:member+514], Options{}, `%s: truncated: the archive ends too early`},
		{"tar cut in a header", "d.tar", imdbTar[:member+100], Options{}, `%s: truncated: the archive ends too early`},
		{"tar cut between members", "d.tar", imdbTar[:member], Options{}, `%s: truncated: the archive ends too early`},
		{"empty tar file", "d.tar", "", Options{}, `%s: empty file`},
		{"no tar", "d.tar", strings.Repeat("<html>", 1000), Options{}, `%s: damaged, or no tar archive`},
		{"truncated zip", "d.zip", imdb.zip(t)[:900], Options{}, `%s: damaged, truncated or no zip archive`},
		{"nothing in the archive", "d.tar", files{}.tar(t), Options{}, `%s: no examples found: looked for class folders of .txt files (pos/, neg/), for train/ and test/ holding such, and for .csv, .tsv and .jsonl files`},
		{"empty class in an archive", "d.zip", files{"pos/1.txt": "x", "neg/": ""}.zip(t), Options{}, `%s: class folder "neg" holds no .txt file`},
		{"split of a file", "r.csv", many, Options{Split: "dev"}, `%s: --split dev: a file has no splits`},
		{"wrong options", "r.csv", many, Options{Header: "maybe", Split: "half", Labels: []string{"a", "a"}, TextColumn: "x", LabelColumn: "x", SpoolLimit: -1}, "%s: header \"maybe\": want auto, yes or no\nsplit \"half\": want train, val or test\ncolumn \"x\" is asked for as text and as label\nlabel \"a\" is given twice\nspool limit -1 is negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := one(t, c.file, c.content)
			expectFault(t, path, c.o, strings.ReplaceAll(c.want, "%s", path))
		})
	}
}

func expectFault(t *testing.T, path string, o Options, want string) {
	t.Helper()
	before := openFiles(t)
	c, err := Open(path, o)
	if err == nil {
		c.Close()
		t.Fatalf("opened %d examples, want %s", c.Len(), want)
	}
	if err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if data := new(DataError); !errors.As(err, &data) {
		t.Errorf("%T is no *DataError", err)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files open after the failure, %d before", after, before)
	}
}

// openFiles counts the process's open files, where the system tells.
func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func TestFaultsOfFolders(t *testing.T) {
	for _, c := range []struct {
		name string
		f    files
		o    Options
		want string
	}{
		{"nothing", files{"a.png": "x"}, Options{}, `%s: no examples found: looked for class folders of .txt files (pos/, neg/), for train/ and test/ holding such, and for .csv, .tsv and .jsonl files`},
		{"empty class", files{"pos/1.txt": "x", "neg/1.doc": "x"}, Options{}, `%s: class folder "neg" holds no .txt file`},
		{"empty class of a split", files{"train/pos/1.txt": "x", "train/neg/": "", "test/pos/1.txt": "x"}, Options{}, `%s: class folder "train/neg" holds no .txt file`},
		{"no classes", files{"1.txt": "x"}, Options{}, `%s: .txt files but no class folders (pos/, neg/) that would label them`},
		{"no such split", files{"train/a/1.txt": "x", "dev/a/1.txt": "x"}, Options{Split: "test"}, `%s: --split test: it has train, val`},
		{"no splits", files{"a/1.txt": "x", "b/1.txt": "x"}, Options{Split: "train"}, `%s: --split train: it has no splits`},
		{"two of a split", files{"val/a/1.txt": "x", "dev/a/1.txt": "x"}, Options{}, `%s: dev/ and val/ are both the val split`},
		{"two tables of a split", files{"test_matched.tsv": "x", "a_test.tsv": "x", "b_test.tsv": "x"}, Options{}, `%s: a_test.tsv, b_test.tsv are all the test split: give one file`},
		{"several tables", files{"a.csv": "x", "b.tsv": "x"}, Options{}, `%s: several tables and none called train, val or test: give one of a.csv, b.tsv`},
		{"a table in it", files{"train.csv": "text,label\na,1\nb,\n"}, Options{}, `%s/train.csv:3: no label in column "label"`},
		{"the only table without labels", files{"test.csv": "text\na\n"}, Options{}, `%s/test.csv: no label column: there is 1 "text"; labels want a column of their own`},
		{"unknown class", files{"good/1.txt": "x", "bad/1.txt": "x"}, Options{Labels: []string{"bad", "fine"}}, `%s: label "good" (good/1.txt) is none of the classes bad, fine`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.f.write(t)
			expectFault(t, path, c.o, strings.ReplaceAll(c.want, "%s", path))
		})
	}
	t.Run("missing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "nowhere.csv")
		expectFault(t, path, Options{}, path+": no such file or directory")
	})
	t.Run("circle", func(t *testing.T) {
		path := files{"pos/1.txt": "x"}.write(t)
		if err := os.Symlink(path, filepath.Join(path, "pos", "again")); err != nil {
			t.Skip(err)
		}
		_, err := Open(path, Options{})
		if err == nil || !strings.Contains(err.Error(), "nested deeper than 16 (a link to a parent?)") {
			t.Errorf("error %v", err)
		}
	})
}

func TestFaultsOfArchives(t *testing.T) {
	t.Run("sparse", func(t *testing.T) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		check(t, w.WriteHeader(&tar.Header{Name: "pos/1.txt", Size: 1, Format: tar.FormatPAX, PAXRecords: map[string]string{"comment": "GNU_sparse.map"}}))
		_, err := w.Write([]byte("x"))
		check(t, err)
		check(t, w.Close())
		// The writer refuses the record, so it is put in afterwards.
		path := one(t, "d.tar", strings.Replace(b.String(), "26 comment=GNU_sparse.map\n", "26 GNU.sparse.map=0,1,2,3\n", 1))
		_, err = Open(path, Options{})
		if data := new(DataError); !errors.As(err, &data) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("encrypted", func(t *testing.T) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		_, err := w.CreateRaw(&zip.FileHeader{Name: "pos/1.txt", Flags: 1})
		check(t, err)
		check(t, w.Close())
		path := one(t, "d.zip", b.String())
		expectFault(t, path, Options{}, path+": pos/1.txt: encrypted")
	})
	t.Run("method", func(t *testing.T) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		_, err := w.CreateRaw(&zip.FileHeader{Name: "pos/1.txt", Method: 14})
		check(t, err)
		check(t, w.Close())
		path := one(t, "d.zip", b.String())
		expectFault(t, path, Options{}, path+": pos/1.txt: compression method 14: only deflate is known")
	})
	t.Run("damaged zip member", func(t *testing.T) {
		// Stored, so that one byte of the text can be changed.
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		m, err := w.CreateHeader(&zip.FileHeader{Name: "pos/1.txt", Method: zip.Store})
		check(t, err)
		_, err = m.Write([]byte("a fine film"))
		check(t, err)
		check(t, w.Close())
		path := one(t, "d.zip", strings.Replace(b.String(), "a fine film", "a fine fi1m", 1))
		_, err = open(t, path, Options{}).Example(0)
		if want := path + ": pos/1.txt: damaged: zip: checksum error"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

func TestRowBeyondTheLimit(t *testing.T) {
	path := one(t, "r.csv", "text,label\nfine,1\n\"")
	check(t, os.Truncate(path, maxRow+100)) // zeros that take no space
	expectFault(t, path, Options{}, path+":3: a row is longer than 64 MiB (is a quote left open?)")
}

func TestDataThatChangesLater(t *testing.T) {
	text, table := "text,label\nfine,1\npoor,0\n", ""
	cut := func(name, content, want string, o Options) {
		t.Run(name, func(t *testing.T) {
			table = one(t, "r.csv", text)
			c := open(t, table, o)
			check(t, os.WriteFile(table, []byte(content), 0o666))
			_, err := c.Example(1)
			if want = table + want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
	cut("cut", text[:20], ":3: the file was cut since it was opened", Options{})
	cut("other rows", "text,label\nfine,1\n\"oor,0\n", ":3: the file has changed since it was opened: a quoted field that begins in this row is never closed", Options{})

	folder := files{"a/1.txt": "x", "b/1.txt": "y"}.write(t)
	c := open(t, folder, Options{})
	gone := filepath.Join(folder, "b", "1.txt")
	check(t, os.Remove(gone))
	if _, err := c.Example(1); err == nil || err.Error() != gone+": no such file or directory" {
		t.Errorf("removed text: error %v", err)
	}
	check(t, os.Mkdir(gone, 0o777))
	if _, err := c.Example(1); err == nil || err.Error() != gone+": not a regular file" {
		t.Errorf("folder in place of a text: error %v", err)
	}
}

func TestClosed(t *testing.T) {
	for form, path := range imdb.packings(t) {
		c, err := Open(path, Options{})
		check(t, err)
		check(t, c.Close())
		check(t, c.Close())
		if _, err := c.Example(0); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: error %v after Close", form, err)
		}
		if c.Len() != 5 || c.Label(1) != 1 {
			t.Errorf("%s: what needs no reading fails after Close", form)
		}
	}
}

func TestCheckTrainable(t *testing.T) {
	path := one(t, "r.csv", "text,label\na,pos\nb,pos\nc,neg\nd,\n")
	c := open(t, path, Options{LabelsOptional: true})
	for _, x := range []struct {
		examples []int
		want     string
	}{
		{[]int{0, 1, 2}, ""},
		{[]int{0, 1}, path + `: all 2 examples are of class "pos": training needs at least two classes`},
		{[]int{2}, path + `: the only example is of class "neg": training needs at least two classes`},
		{[]int{}, path + ": no examples to train on"},
		{[]int{0, 1, 2, 3}, path + ": r.csv:5 has no label"},
	} {
		err := c.CheckTrainable(slices.Values(x.examples))
		if got := fmt.Sprint(err); err == nil && x.want != "" || err != nil && got != x.want {
			t.Errorf("examples %v: error %v, want %q", x.examples, err, x.want)
		}
	}
	path = one(t, "r.csv", "text,label\na,x\nb,y\nc,z\n")
	err := open(t, path, Options{}).CheckTrainable(slices.Values([]int{0, 2}))
	if want := path + `: none of the 2 examples to train on is of class "y"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	rows := "text,label\n"
	for i := range 20 {
		rows += fmt.Sprintf("fine film,%d\n", i)
	}
	err = open(t, one(t, "r.csv", rows), Options{}).CheckTrainable(slices.Values([]int{0, 1}))
	if err == nil || !strings.HasSuffix(err.Error(), `is of class "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", and 8 more`) {
		t.Errorf("error %v", err)
	}
}
