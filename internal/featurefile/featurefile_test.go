package featurefile

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/gotune/gotune/internal/tensorfile"
)

var rows = []Row{
	{"a, b.jpg", "ants", []float32{1, -2.5, 3e-8}},
	{"ä.jpg", "", []float32{0, 0, 0}},
	{"c.jpg", "bees", []float32{7, 8, 9}},
}

func write(t *testing.T, path string, n int, rows []Row) error {
	t.Helper()
	w, err := Create(path, n)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Close()
}

func TestNPY(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.npy")
	if err := write(t, path, 3, rows); err != nil {
		t.Fatal(err)
	}
	f, err := tensorfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for m := range f.All() {
		v, err := m.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float32{1, -2.5, 3e-8, 0, 0, 0, 7, 8, 9}, v); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]int{3, 3}, m.Shape); diff != "" {
			t.Error(diff)
		}
	}
	table, err := os.Open(LabelsPath(path))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	got, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"row", "input", "label"}, {"0", "a, b.jpg", "ants"}, {"1", "ä.jpg", ""}, {"2", "c.jpg", "bees"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.parquet")
	if err := write(t, path, 3, rows); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.ReadFile[record](path)
	if err != nil {
		t.Fatal(err)
	}
	ants, bees := "ants", "bees"
	want := []record{{"a, b.jpg", &ants, rows[0].Values}, {"ä.jpg", nil, rows[1].Values}, {"c.jpg", &bees, rows[2].Values}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A name in another encoding than UTF-8 does not spoil the file for its readers.
func TestNamesThatAreNotUTF8(t *testing.T) {
	dir := t.TempDir()
	latin1 := []Row{{"caf\xe9.jpg", "caf\xe9", []float32{1}}}
	for _, name := range []string{"f.npy", "f.parquet"} {
		if err := write(t, filepath.Join(dir, name), 1, latin1); err != nil {
			t.Fatal(err)
		}
	}
	table, err := os.ReadFile(filepath.Join(dir, "f.labels.csv"))
	if want := "row,input,label\n0,caf\ufffd.jpg,caf\ufffd\n"; err != nil || string(table) != want {
		t.Errorf("table %q, %v, want %q", table, err, want)
	}
	got, err := parquet.ReadFile[record](filepath.Join(dir, "f.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	label := "caf\ufffd"
	if d := cmp.Diff([]record{{"caf\ufffd.jpg", &label, []float32{1}}}, got); d != "" {
		t.Error(d)
	}
}

// What ends early leaves what was there, and nothing beside it.
func TestNothingHalfIsLeft(t *testing.T) {
	for _, name := range []string{"f.npy", "f.parquet"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
		uneven := []Row{rows[0], {"short.jpg", "", []float32{1}}}
		if err := write(t, path, 2, uneven); err == nil {
			t.Errorf("%s: rows of 3 and of 1: no error", name)
		}
		w, err := Create(path, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(rows[0]), w.Write(rows[1])); err != nil {
			t.Fatal(err)
		}
		w.Abort()
		if data, err := os.ReadFile(path); string(data) != "before" || err != nil {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
		if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
	if err := write(t, filepath.Join(t.TempDir(), "f.npy"), 4, rows); err == nil {
		t.Error("3 rows of 4: no error")
	}
	if _, err := Create("f.csv", 1); err == nil {
		t.Error("f.csv: no error")
	}
}

// However wide the rows, no more than groupBytes of them wait in memory.
func TestParquetGroupsByBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wide.parquet")
	wide := make([]Row, 20)
	for i := range wide {
		wide[i] = Row{"x", "", make([]float32, 1<<20)} // 4 MiB
	}
	if err := write(t, path, len(wide), wide); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, g := range p.RowGroups() {
		got = append(got, g.NumRows())
	}
	if diff := cmp.Diff([]int64{8, 8, 4}, got); diff != "" {
		t.Error(diff)
	}
}
