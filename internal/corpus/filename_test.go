package corpus_test

import (
	"testing"

	"github.com/gotune/gotune/internal/corpus"
)

func TestReads(t *testing.T) {
	for name, want := range map[string]bool{
		"a.csv": true, "d/a.TSV.gz": true, "a.ndjson": true, "a.json": true, "a.tgz": true, "a.tar": true, "a.zip": true,
		"a.txt": false, "a.txt.gz": false, "a.zip.gz": false, "notes": false, "a.parquet": false, "": false,
	} {
		if got := corpus.Reads(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
