package imageset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/internal/sharedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// jpegOf is a small picture whose bytes depend on its name.
func jpegOf(t testing.TB, name string) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i, c := range []byte(name) {
		img.Set(i%8, i/8%8, color.Gray{c})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photos is a tree with everything that a user's may have.
var photos = [...]string{
	"train/ants/Queen 3.jpg",
	"train/ants/b.JPEG",
	"train/ants/deep/er/c.png",
	"train/ants/deep-x/d.jpg",
	"train/ants/.hidden.jpg",
	"train/ants/notes.txt",
	"train/ants/Ärger 蟻.jpg",
	"train/bees/1.jpg",
	"train/bees/10.jpg",
	"train/bees/2.jpg",
	"train/.git/x.jpg",
	"train/loose.jpg",
	"val/ants/v1.jpg",
	"val/bees/v2.gif",
	"README.md",
	"__MACOSX/train/ants/._b.jpg",
}

// wanted are their pictures, in the order of torchvision's ImageFolder: a class's
// own pictures, then those of folders in it.
var wanted = [...]string{
	"train/ants/Queen 3.jpg",
	"train/ants/b.JPEG",
	"train/ants/Ärger 蟻.jpg",
	"train/ants/deep-x/d.jpg",
	"train/ants/deep/er/c.png",
	"train/bees/1.jpg",
	"train/bees/10.jpg",
	"train/bees/2.jpg",
	"val/ants/v1.jpg",
	"val/bees/v2.gif",
}

func writeTree(t testing.TB, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, jpegOf(t, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func tarOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		h := &tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg}
		var body []byte
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		} else {
			body = jpegOf(t, strings.TrimPrefix(strings.TrimPrefix(name, "./"), "outer/"))
		}
		h.Size = int64(len(body))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if _, err := f.Write(jpegOf(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustOpen(t testing.TB, path string, o Options) *Set {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

func ids(s *Set) []string {
	var out []string
	for i := range s.Len() {
		out = append(out, s.ID(i))
	}
	return out
}

// A folder and its archives are the same set: names, order, labels, splits,
// bytes, fingerprint.
func TestFolderAndArchivesAgree(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, photos[:]...)
	dotted := make([]string, len(photos))
	for i, p := range photos {
		dotted[len(photos)-1-i] = "./" + p // archives are in any order
	}
	paths := map[string]string{
		"folder": root,
		"tar":    writeFile(t, "p.tar", tarOf(t, dotted...)),
		"tar.gz": writeFile(t, "p.tar.gz", gzipped(t, tarOf(t, dotted...))),
		"tgz":    writeFile(t, "P.TGZ", gzipped(t, tarOf(t, photos[:]...))),
		"zip":    writeFile(t, "p.zip", zipOf(t, photos[:]...)),
	}
	var fingerprint string
	for kind, path := range paths {
		t.Run(kind, func(t *testing.T) {
			s := mustOpen(t, path, Options{})
			if diff := cmp.Diff(wanted[:], ids(s)); diff != "" {
				t.Errorf("pictures (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"ants", "bees"}, s.Classes()); diff != "" {
				t.Errorf("classes:\n%s", diff)
			}
			if diff := cmp.Diff([]int{0, 0, 0, 0, 0, 1, 1, 1, 0, 1}, s.Labels(nil)); diff != "" {
				t.Errorf("labels:\n%s", diff)
			}
			if diff := cmp.Diff([]string{"train", "val"}, s.Splits()); diff != "" {
				t.Errorf("splits:\n%s", diff)
			}
			if got := s.Indices("val"); !slices.Equal(got, []int{8, 9}) {
				t.Errorf("val has %v", got)
			}
			for i := range s.Len() {
				got, err := s.Read(i)
				if err != nil || !bytes.Equal(got, jpegOf(t, s.ID(i))) {
					t.Errorf("%s: other bytes (%v)", s.ID(i), err)
				}
				if src := s.Source(i); !filepath.IsAbs(src.Path) || src.Size != int64(len(got)) {
					t.Errorf("%s: source %+v", s.ID(i), src)
				}
			}
			if r := s.Report(); r.Pictures != 10 || r.Outside != 1 || r.Other != 2 || r.Hidden == 0 {
				t.Errorf("report %+v", r)
			}
			if want := "10 pictures, "; !strings.HasPrefix(s.Report().String(), want) {
				t.Errorf("report %q", s.Report())
			}
			if fingerprint == "" {
				fingerprint = s.Fingerprint()
			}
			if s.Fingerprint() != fingerprint {
				t.Errorf("fingerprint %s, another kind had %s", s.Fingerprint(), fingerprint)
			}
		})
	}
}

func TestOuterFolderIsPassedThrough(t *testing.T) {
	s := mustOpen(t, writeFile(t, "p.tar", tarOf(t, "outer/", "outer/ants/1.jpg", "outer/bees/2.jpg")), Options{})
	if diff := cmp.Diff([]string{"outer/ants/1.jpg", "outer/bees/2.jpg"}, ids(s)); diff != "" {
		t.Error(diff)
	}
	root := t.TempDir()
	writeTree(t, root, "ants/1.jpg", "bees/2.jpg")
	if plain := mustOpen(t, root, Options{}); plain.Fingerprint() != s.Fingerprint() {
		t.Error("the outer folder changes the fingerprint")
	}
	writeTree(t, root, "bees/3.jpg")
	if more := mustOpen(t, root, Options{}); more.Fingerprint() == s.Fingerprint() {
		t.Error("another picture leaves the fingerprint")
	}
}

func TestSplitOption(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, photos[:]...)
	s := mustOpen(t, root, Options{Split: "validation", Classes: []string{"bees", "ants"}})
	if diff := cmp.Diff([]string{"val/ants/v1.jpg", "val/bees/v2.gif"}, ids(s)); diff != "" {
		t.Error(diff)
	}
	if got := s.Labels(nil); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("labels %v, want those of the given order", got)
	}
}

func TestSymbolicLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	real, root := t.TempDir(), t.TempDir()
	writeTree(t, real, "a/1.jpg", "a/2.jpg")
	writeTree(t, root, "bees/3.jpg")
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(real, "a"), "ants")
	link(filepath.Join(real, "a", "1.jpg"), "bees/linked.jpg")
	link(filepath.Join(real, "nowhere.jpg"), "bees/dangling.jpg")
	s := mustOpen(t, root, Options{})
	want := []string{"ants/1.jpg", "ants/2.jpg", "bees/3.jpg", "bees/dangling.jpg", "bees/linked.jpg"}
	if diff := cmp.Diff(want, ids(s)); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Read(4); err != nil {
		t.Error(err)
	}
	// The file that is not there is a bad file, not the end of the run.
	if _, err := s.Read(3); err == nil || !IsBadFile(err) || !strings.Contains(err.Error(), "dangling.jpg: no such file") {
		t.Errorf("error %v", err)
	}
	link(root, "bees/up")
	_, err := Open(root, Options{})
	isData(t, err, "up: a link back to a folder that holds it")
}

func isData(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
		return
	}
	if _, ok := errors.AsType[*DataError](err); !ok {
		t.Errorf("error of type %T, want a *DataError", err)
	}
}

func TestBadTrees(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		o     Options
		want  string
	}{
		{"nothing", nil, Options{}, "no pictures found"},
		{"no pictures", []string{"ants/a.txt"}, Options{}, "no pictures found"},
		{"empty class", []string{"ants/1.jpg", "bees/2.jpg", "wasps/"}, Options{}, `class folder "wasps" holds no pictures`},
		{"class of other files", []string{"ants/1.jpg", "bees/2.jpg", "wasps/w.txt"}, Options{}, `class folder "wasps" holds no pictures`},
		{"empty class in a split", []string{"train/ants/1.jpg", "train/bees/2.jpg", "val/ants/3.jpg", "val/bees/"}, Options{}, `"val/bees" holds no pictures`},
		{"one class", []string{"ants/1.jpg", "ants/2.jpg"}, Options{}, `one class only, "ants"`},
		{"no classes", []string{"1.jpg", "2.jpg"}, Options{}, "no class folders"},
		{"class not in training", []string{"train/ants/1.jpg", "train/bees/2.jpg", "val/wasps/3.jpg"}, Options{}, `class "wasps" has no pictures in train/`},
		{"two of a split", []string{"val/a/1.jpg", "val/b/1.jpg", "valid/a/2.jpg", "valid/b/1.jpg"}, Options{}, "val/ and valid/ are both the val split"},
		{"no such split", []string{"train/a/1.jpg", "train/b/1.jpg"}, Options{Split: "test"}, "no such split"},
		{"unknown class", []string{"ants/1.jpg", "bees/2.jpg"}, Options{Classes: []string{"ants", "wasps"}}, `class folder "bees" is none of the 2 classes: ants, wasps`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			writeTree(t, root, c.files...)
			_, err := Open(root, c.o)
			isData(t, err, c.want)
			if err != nil && !strings.HasPrefix(err.Error(), root) {
				t.Errorf("error %q does not begin with the path", err)
			}
		})
	}
	_, err := Open(filepath.Join(t.TempDir(), "nowhere"), Options{})
	isData(t, err, "nowhere: no such file")
	_, err = Open(writeFile(t, "x.rar", []byte("x")), Options{})
	isData(t, err, "not a kind of data")
	_, err = Open(writeFile(t, "x.jpg", []byte("x")), Options{})
	isData(t, err, "one picture has no classes")
	if _, err := Open(t.TempDir(), Options{Split: "middle", Classes: []string{"a", "a", ""}}); err == nil ||
		!strings.Contains(err.Error(), "middle") || !strings.Contains(err.Error(), `"a"`) || !strings.Contains(err.Error(), `""`) {
		t.Errorf("faulty options: %v", err)
	}
}

func TestLabelsOptional(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "b.jpg", "a 1.jpg", "notes.txt", "empty/")
	s := mustOpen(t, root, Options{LabelsOptional: true, Classes: []string{"x", "y"}})
	if diff := cmp.Diff([]string{"a 1.jpg", "b.jpg"}, ids(s)); diff != "" {
		t.Error(diff)
	}
	if s.Label(0) != NoLabel || len(s.Classes()) != 2 {
		t.Errorf("label %d, classes %v", s.Label(0), s.Classes())
	}
	isData(t, s.CheckTrainable(nil), "a 1.jpg: no label")

	s = mustOpen(t, filepath.Join(root, "b.jpg"), Options{LabelsOptional: true})
	if got, err := s.Read(0); err != nil || s.Len() != 1 || s.ID(0) != "b.jpg" || !bytes.Equal(got, jpegOf(t, "b.jpg")) {
		t.Errorf("a single picture: %v, %v", ids(s), err)
	}

	writeTree(t, root, "x/1.jpg", "other/2.jpg")
	s = mustOpen(t, root, Options{LabelsOptional: true, Classes: []string{"x", "y"}})
	labels := map[string]int{}
	for i := range s.Len() {
		labels[s.ID(i)] = s.Label(i)
	}
	if diff := cmp.Diff(map[string]int{"x/1.jpg": 0, "other/2.jpg": -1, "a 1.jpg": -1, "b.jpg": -1}, labels); diff != "" {
		t.Error(diff)
	}
}

func TestCheckTrainable(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "a/1.jpg", "a/2.jpg", "b/3.jpg")
	s := mustOpen(t, root, Options{})
	if err := s.CheckTrainable(nil); err != nil {
		t.Error(err)
	}
	isData(t, s.CheckTrainable([]int{0, 1}), "2 pictures of 1 class")
}

// What is beside the splits is counted where splits matter, and taken where they do
// not.
func TestPicturesBesideSplits(t *testing.T) {
	names := []string{"train/a/1.jpg", "train/b/2.jpg", "test/a/3.jpg", "extra/a/4.jpg", "val/5.jpg", "loose.jpg"}
	root := t.TempDir()
	writeTree(t, root, names...)
	var outer []string
	for _, name := range names {
		outer = append(outer, "outer/"+name)
	}
	for _, path := range []string{root, writeFile(t, "p.zip", zipOf(t, names...)), writeFile(t, "o.tar", tarOf(t, outer...))} {
		s := mustOpen(t, path, Options{})
		if r := s.Report(); s.Len() != 3 || r.Beside != 3 || r.String() != "3 pictures, 3 pictures beside the splits left out" {
			t.Errorf("%s: %v, report %q", path, ids(s), r)
		}
		if err := s.CheckTrainSplit(); err != nil {
			t.Error(err)
		}
		s = mustOpen(t, path, Options{LabelsOptional: true})
		labels := map[string]int{}
		for i := range s.Len() {
			labels[strings.TrimPrefix(s.ID(i), "outer/")] = s.Label(i)
		}
		want := map[string]int{
			"train/a/1.jpg": 0, "train/b/2.jpg": 1, "test/a/3.jpg": 0,
			"extra/a/4.jpg": NoLabel, "val/5.jpg": NoLabel, "loose.jpg": NoLabel,
		}
		if diff := cmp.Diff(want, labels); diff != "" || s.Report().Beside != 0 {
			t.Errorf("%s: report %q, labels (-want +got):\n%s", path, s.Report(), diff)
		}
		if s = mustOpen(t, path, Options{LabelsOptional: true, Split: "test"}); s.Len() != 1 {
			t.Errorf("%s: of the split %v", path, ids(s))
		}
	}

	root = t.TempDir()
	writeTree(t, root, "val/a/1.jpg", "valid/b/2.jpg", "3.jpg")
	if s := mustOpen(t, root, Options{LabelsOptional: true}); s.Len() != 3 {
		t.Errorf("of uncertain splits %v", ids(s))
	}
}

// Folders of the test split alone are no classes: test/unknown.
func TestTestFoldersThatAreNoClass(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "test/a/4.jpg", "test/unknown/5.jpg", "test/unknown/6.jpg")
	for _, classes := range [][]string{nil, {"a", "b"}} {
		s := mustOpen(t, root, Options{Classes: classes})
		if diff := cmp.Diff([]string{"a", "b"}, s.Classes()); diff != "" {
			t.Error(diff)
		}
		want := "6 pictures, 2 test pictures in folders that are no class count as unlabelled"
		if got := s.Report().String(); got != want {
			t.Errorf("report %q, want %q", got, want)
		}
		var labels []int
		for i := range s.Len() {
			labels = append(labels, s.Label(i))
		}
		if diff := cmp.Diff([]int{0, 1, 0, 0, NoLabel, NoLabel}, labels); diff != "" {
			t.Errorf("classes %v: labels (-want +got):\n%s", classes, diff)
		}
	}
	_, err := Open(root, Options{Classes: []string{"a", "b"}, Split: "test"})
	isData(t, err, `class folder "unknown" is none of the 2 classes: a, b`)
	_, err = Open(root, Options{Classes: []string{"a", "c"}})
	isData(t, err, `class folder "b" is none of the 2 classes: a, c`)
}

func TestCheckTrainSplit(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "train_images/cat/1.jpg", "train_images/dog/2.jpg", "test/cat/3.jpg", "test/dog/4.jpg")
	isData(t, mustOpen(t, root, Options{}).CheckTrainSplit(),
		"its folders are test, train_images: the splits are test, and none is train/ or training/, to train on")
	writeTree(t, root, "training/cat/5.jpg", "training/dog/6.jpg")
	if err := mustOpen(t, root, Options{}).CheckTrainSplit(); err != nil {
		t.Error(err)
	}
	if err := mustOpen(t, filepath.Join(root, "test"), Options{}).CheckTrainSplit(); err != nil {
		t.Error(err)
	}
}

// A truncated or damaged archive is an error that names it, wherever it was cut.
func TestCutArchives(t *testing.T) {
	names := []string{"ants/1.jpg", "ants/2.jpg", "bees/1.jpg"}
	for file, data := range map[string][]byte{
		"p.tar":    tarOf(t, names...),
		"p.tar.gz": gzipped(t, tarOf(t, names...)),
		"p.zip":    zipOf(t, names...),
	} {
		end := len(data)
		if file == "p.tar" {
			end -= 512 // the second block of zeros may be missing
		}
		for n := 0; n < end; n += 1 + end/60 {
			path := writeFile(t, file, data[:n])
			s, err := Open(path, Options{})
			if err == nil {
				s.Close()
				t.Errorf("%s: %d of %d bytes open", file, n, len(data))
				continue
			}
			isData(t, err, path)
		}
	}
}

func TestDamagedMembers(t *testing.T) {
	data := zipOf(t, "ants/1.jpg", "bees/2.jpg")
	at := bytes.Index(data, []byte("ants/1.jpg")) + 40
	data[at] ^= 0xff
	s := mustOpen(t, writeFile(t, "p.zip", data), Options{})
	_, err := s.Read(0)
	isData(t, err, "p.zip: ants/1.jpg: ")
	if _, err := s.Read(1); err != nil {
		t.Error(err)
	}

	gz := gzipped(t, tarOf(t, "ants/1.jpg", "bees/2.jpg"))
	gz[len(gz)-8] ^= 0xff // the checksum of it all
	_, err = Open(writeFile(t, "p.tgz", gz), Options{})
	isData(t, err, "checksum")
}

func TestArchiveOddities(t *testing.T) {
	// Of two members with one name tar keeps the later; a symbolic link is no picture,
	// a hard one the picture as it stands before it; a path cannot leave the archive.
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range []struct {
		name string
		kind byte
		body string
	}{
		{"ants/1.jpg", tar.TypeReg, "old"},
		{"../../bees/2.jpg", tar.TypeReg, "bee"},
		{"bees/hard.jpg", tar.TypeLink, "./ants/1.jpg"},
		{"ants/1.jpg", tar.TypeReg, "new"},
		{"ants/link.jpg", tar.TypeSymlink, "/etc/passwd"},
		{"bees/harder.jpg", tar.TypeLink, "bees/hard.jpg"},
		{"bees/lost.jpg", tar.TypeLink, "nowhere.jpg"},
		{"bees/last.jpg", tar.TypeLink, "ants/1.jpg"},
	} {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Size: int64(len(m.body)), Mode: 0o644}
		if m.kind != tar.TypeReg {
			h.Linkname, m.body = m.body, ""
			h.Size = 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{writeFile(t, "p.tar", b.Bytes()), writeFile(t, "p.tgz", gzipped(t, b.Bytes()))} {
		s := mustOpen(t, path, Options{})
		want := map[string]string{
			"ants/1.jpg": "new", "bees/2.jpg": "bee", "bees/hard.jpg": "old", "bees/harder.jpg": "old", "bees/last.jpg": "new",
		}
		got := map[string]string{}
		for i, id := range ids(s) {
			data, err := s.Read(i)
			if err != nil {
				t.Fatal(err)
			}
			got[id] = string(data)
		}
		if diff := cmp.Diff(want, got); diff != "" || s.Report().Other != 2 {
			t.Errorf("%s: report %q, pictures (-want +got):\n%s", path, s.Report(), diff)
		}
	}

	// A name of the DOS code page, and backslashes.
	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	for _, h := range []*zip.FileHeader{
		{Name: "K\x84fer\\1.jpg", NonUTF8: true, Method: zip.Deflate},
		{Name: "Bienen\\2.jpg", NonUTF8: true, Method: zip.Deflate},
	} {
		if _, err := zw.CreateHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, writeFile(t, "p.zip", z.Bytes()), Options{})
	if diff := cmp.Diff([]string{"Bienen", "Käfer"}, s.Classes()); diff != "" {
		t.Error(diff)
	}
}

func TestLimits(t *testing.T) {
	names := []string{"ants/1.jpg", "bees/2.jpg"}
	size := int64(len(jpegOf(t, names[0])))
	root := t.TempDir()
	writeTree(t, root, names...)
	for _, path := range []string{root, writeFile(t, "p.zip", zipOf(t, names...)), writeFile(t, "p.tar", tarOf(t, names...))} {
		s := mustOpen(t, path, Options{MaxFile: size - 1})
		_, err := s.Read(0)
		isData(t, err, "the limit for a picture")
	}
	dir := t.TempDir()
	_, err := Open(writeFile(t, "p.tar.gz", gzipped(t, tarOf(t, names...))), Options{MaxUnpacked: size + 1, TempDir: dir})
	isData(t, err, "p.tar.gz: unpacks to more than")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d temporary files left", len(left))
	}
	// No room for the temporary file is no fault of the data.
	_, err = Open(writeFile(t, "p.tar.gz", gzipped(t, tarOf(t, names...))), Options{TempDir: filepath.Join(dir, "nowhere")})
	if err == nil || IsBadFile(err) {
		t.Errorf("error %v of type %T", err, err)
	}
}

func TestFilesThatChange(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg")
	s := mustOpen(t, root, Options{})
	path := func(i int) string { return filepath.Join(root, filepath.FromSlash(s.ID(i))) }
	if err := os.Truncate(path(0), 20); err != nil {
		t.Fatal(err)
	}
	_, err := s.Read(0)
	isData(t, err, "cut off: 20 bytes where there were")
	if err := os.WriteFile(path(1), make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = s.Read(1)
	isData(t, err, "changed while in use")
	if err := os.Remove(path(2)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Read(2)
	isData(t, err, "no such file")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(3); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestCheck(t *testing.T) {
	root := t.TempDir()
	writeTree(t, root, "a/1.jpg", "a/2.jpg", "a/3.jpg", "b/4.jpg", "b/5.jpg")
	if err := os.WriteFile(filepath.Join(root, "a", "2.jpg"), []byte("<html>gone</html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(root, "b", "4.jpg"), 300); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, root, Options{})
	for _, workers := range []int{1, 4} {
		bad, err := s.Check(context.Background(), workers, nil, pixels.DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range bad {
			got = append(got, fmt.Sprintf("%d %s %v", b.Index, b.ID, b.Err))
			if !IsBadFile(b.Err) {
				t.Errorf("%T is no bad file", b.Err)
			}
		}
		want := []string{
			"1 a/2.jpg image " + filepath.Join(root, "a", "2.jpg") + ": a web page, not an image",
			"3 b/4.jpg image " + filepath.Join(root, "b", "4.jpg") + ": JPEG: segment 0xc4: truncated",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if bad, err := s.Check(context.Background(), 2, []int{0, 3}, pixels.DecodeOptions{}); err != nil || len(bad) != 1 {
		t.Errorf("of two pictures: %v, %v", bad, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Check(ctx, 2, nil, pixels.DecodeOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestManyReaders(t *testing.T) {
	names := []string{"ants/1.jpg", "ants/2.jpg", "bees/3.jpg", "bees/4.jpg"}
	for _, path := range []string{
		writeFile(t, "p.zip", zipOf(t, names...)),
		writeFile(t, "p.tar", tarOf(t, names...)),
		writeFile(t, "p.tgz", gzipped(t, tarOf(t, names...))),
	} {
		s := mustOpen(t, path, Options{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 3 {
					for i := range s.Len() {
						if got, err := s.Read(i); err != nil || !bytes.Equal(got, jpegOf(t, s.ID(i))) {
							t.Errorf("%s: other bytes (%v)", s.Where(i), err)
						}
					}
				}
			})
		}
		wg.Wait()
	}
}

// The ants and bees that accuracies are quoted for: as many as torchvision
// counts, and the one .gif that it leaves out.
func TestHymenoptera(t *testing.T) {
	s := mustOpen(t, sharedtest.Dir(t, "data", "hymenoptera"), Options{})
	if diff := cmp.Diff([]string{"ants", "bees"}, s.Classes()); diff != "" {
		t.Error(diff)
	}
	if train, val := len(s.Indices("train")), len(s.Indices("val")); train != 245 || val != 153 {
		t.Errorf("%d and %d pictures", train, val)
	}
	if !slices.Contains(ids(s), "train/ants/ant photos.jpg") || !slices.Contains(ids(s), "train/ants/imageNotFound.gif") {
		t.Error("a name with a space or the .gif is missing")
	}
	if testing.Short() {
		return
	}
	bad, err := s.Check(context.Background(), 0, nil, pixels.DecodeOptions{})
	if err != nil || len(bad) != 0 {
		t.Errorf("bad files %v, %v", bad, err)
	}
}

func ExampleOpen() {
	root, err := os.MkdirTemp("", "photos")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	for _, name := range []string{"ants/queen 3.jpg", "ants/worker.png", "bees/drone.jpg"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, []byte("…"), 0o644)
	}
	s, err := Open(root, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(s.Classes(), s.Report())
	for i := range s.Len() {
		fmt.Println(s.Label(i), s.ID(i))
	}
	// Output:
	// [ants bees] 3 pictures
	// 0 ants/queen 3.jpg
	// 0 ants/worker.png
	// 1 bees/drone.jpg
}
