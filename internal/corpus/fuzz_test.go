package corpus

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// rowsOf runs format over data as Open does; the rows are decoded cells.
func rowsOf(data []byte, f rowFormat) (rows [][]string, cells [][]cell, err error) {
	sc, err := newRowScanner(fakeStore{bytes.NewReader(data)}, f)
	if err != nil {
		return nil, nil, err
	}
	for sc.next() {
		row := bytes.Clone(sc.row)
		cs, err := f.cells(row, nil)
		if err != nil {
			return nil, nil, err
		}
		var texts []string
		for _, c := range cs {
			text, err := c.text()
			if err != nil {
				text = string(c.raw)
			}
			texts = append(texts, text)
		}
		rows, cells = append(rows, texts), append(cells, cs)
	}
	_, err = sc.err()
	return rows, cells, err
}

type fakeStore struct{ *bytes.Reader }

func (s fakeStore) Size() int64 { return s.Reader.Size() }
func (fakeStore) Close() error  { return nil }

// splitInPieces checks that the first row is the same however much of the data
// is there, and that no advance is given too early.
func splitInPieces(t *testing.T, data []byte, f rowFormat) {
	advance, row, err := f.split(data, true)
	for n := range data {
		a, r, e := f.split(data[:n], false)
		if a == 0 && e == nil {
			continue
		}
		if e != nil || err != nil || a != advance || !bytes.Equal(r, row) {
			t.Fatalf("%q: of %d bytes row %q, %d, %v; of all %q, %d, %v", data, n, r, a, e, row, advance, err)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n", "\"a\"\"b\",c\r\nd,\"e\nf\"", "\ufeffa", "\"\"", ",\n,", "a\r\r\n", "\"a\r\nb\"\r\n", "\"a", "\"a\"b", "a\"b\n", "\n\n\r\n", "\r", "\"\"\"\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		splitInPieces(t, data, csvRows{})
		got, _, err := rowsOf(data, csvRows{})
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
		r.FieldsPerRecord = -1
		want, wantErr := r.ReadAll()
		if wantErr != nil || err != nil && strings.Contains(err.Error(), "UTF-16") {
			return // where encoding/csv fails, ours may read on
		}
		if err != nil {
			t.Fatalf("%q: error %v; encoding/csv reads %q", data, err, want)
		}
		var rows [][]string // encoding/csv passes over empty lines
		for _, row := range got {
			if len(row) > 1 || row[0] != "" {
				rows = append(rows, row)
			}
		}
		var records [][]string
		for _, record := range want {
			if len(record) > 1 || record[0] != "" { // "" quoted
				records = append(records, record)
			}
		}
		if diff := cmp.Diff(records, rows); diff != "" {
			t.Fatalf("%q (-encoding/csv +got):\n%s", data, diff)
		}
	})
}

func FuzzTSV(f *testing.F) {
	for _, seed := range []string{"a\tb\n", "\"a\tb\"\r\nc", "\t\n", "\r\n\r", "\ufeffa\tb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		splitInPieces(t, data, tsvRows{})
		got, _, err := rowsOf(data, tsvRows{})
		if err != nil {
			if !strings.Contains(err.Error(), "UTF-16") {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		var want [][]string
		lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
		for i, line := range lines {
			if i == len(lines)-1 && line == "" {
				break
			}
			want = append(want, strings.Split(strings.TrimSuffix(line, "\r"), "\t"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", data, diff)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"text":"a\nb\u00e9","label":1}`, `{"a":{"b":[1,"]"]},"a":null}`, `{"a":1e5, "b":true}`, ` { "a" : -0.5 } `, `{"a":"\ud800"}`,
		`{"a":01}`, `{"a":"` + "\t" + `"}`, `{"a":"\x"}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":[1,]}`, `{"a":}`, `{"\u0061":1,"a":2}`, `{"a":"` + "\xff" + `"}`, `{}x`, `{"a":nul}`, `{"":""}`, `{"a":"\u12G4"}`, `{"a":"`, `{"a":"\`, `{"a":[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		if len(bytes.TrimLeft(row, " \t\r\n")) == 0 || bytes.TrimLeft(row, " \t\r\n")[0] != '{' || len(row) > 5000 {
			return // encoding/json's null is a map too; its depth is limited
		}
		cells, err := jsonRows{}.cells(row, nil)
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(row, &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: error %v, encoding/json: %v", row, err, wantErr)
		}
		if err != nil || !utf8.Valid(row) {
			return // invalid UTF-8: encoding/json has replaced it already
		}
		if len(cells) < len(want) {
			t.Fatalf("%q: %d members, encoding/json has %d", row, len(cells), len(want))
		}
		for key, raw := range want {
			i := lastOf(cells, key)
			if i == none {
				t.Fatalf("%q: no %q", row, key)
			}
			c := cells[i]
			if string(c.raw) != string(raw) {
				t.Fatalf("%q: %q is %q, encoding/json has %q", row, key, c.raw, raw)
			}
			var s string
			if json.Unmarshal(raw, &s) != nil {
				continue
			}
			if text, err := c.text(); err != nil || text != s {
				t.Fatalf("%q: %q is %q (%v), encoding/json has %q", row, key, text, err, s)
			}
		}
	})
}

// FuzzOpen looks for crashes: whatever the file holds, Open and Example return.
func FuzzOpen(f *testing.F) {
	f.Add("r.csv", "text,label\na,1\nb,0\n")
	f.Add("r.tsv", "a b\t1\nb c\t0\n")
	f.Add("r.jsonl", `{"text":"a","label":"x"}`)
	f.Add("d.tar", files{"pos/1.txt": "x", "neg/1.txt": "y"}.tar(f))
	f.Add("d.zip", files{"pos/1.txt": "x", "neg/1.txt": "y"}.zip(f))
	f.Add("d.tgz", gz(f, files{"pos/1.txt": "x", "neg/1.txt": "y"}.tar(f)))
	f.Fuzz(func(t *testing.T, name, content string) {
		if k, _ := kindOf(name); k == kindNone || strings.ContainsAny(name, "/\x00") || len(name) > 100 {
			return
		}
		path := one(t, name, content)
		for _, optional := range []bool{false, true} {
			c, err := Open(path, Options{LabelsOptional: optional})
			if err != nil {
				continue
			}
			for i := range c.Len() {
				e, err := c.Example(i)
				if err == nil && (!utf8.ValidString(e.Text) || e.Label < NoLabel || e.Label >= len(c.Classes())) {
					t.Fatalf("example %+v", e)
				}
			}
			check(t, c.Close())
		}
	})
}
