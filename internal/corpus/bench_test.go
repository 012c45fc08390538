package corpus

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
)

// A million rows: what Open costs, and what of them stays in memory.
func BenchmarkOpenMillionRows(b *testing.B) {
	words := strings.Fields("the film is a fine and moving thing , but too long by half an hour \" quoted \" or so")
	for _, name := range []string{"rows.csv", "rows.tsv", "rows.jsonl"} {
		path := filepath.Join(b.TempDir(), name)
		f, err := os.Create(path)
		check(b, err)
		w := bufio.NewWriter(f)
		if name != "rows.jsonl" {
			fmt.Fprintln(w, strings.NewReplacer(" ", map[string]string{"rows.csv": ",", "rows.tsv": "\t"}[name]).Replace("text label"))
		}
		for i := range 1_000_000 {
			n := 3 + i*7919%(len(words)-2)
			text := strings.Join(words[:n], " ") + " " + strings.Join(words[i%len(words):], " ")
			switch name {
			case "rows.csv":
				fmt.Fprintf(w, "\"%s\",%d\n", strings.ReplaceAll(text, `"`, `""`), i%2)
			case "rows.tsv":
				fmt.Fprintf(w, "%s\t%d\n", text, i%2)
			default:
				raw, err := json.Marshal(map[string]any{"text": text, "label": i % 2})
				check(b, err)
				w.Write(raw)
				w.WriteByte('\n')
			}
		}
		check(b, w.Flush())
		info, err := f.Stat()
		check(b, err)
		check(b, f.Close())
		b.Run(name, func(b *testing.B) {
			b.SetBytes(info.Size())
			before := heap()
			for b.Loop() {
				c, err := Open(path, Options{})
				check(b, err)
				b.StopTimer()
				if c.Len() != 1_000_000 {
					b.Fatalf("%d rows", c.Len())
				}
				b.ReportMetric(float64(heap()-before)/float64(c.Len()), "heap-bytes/row")
				check(b, c.Close())
				b.StartTimer()
			}
			b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		c, err := Open(path, Options{})
		check(b, err)
		order := Subsample(c.Len(), 0, 1)
		b.Run("Example/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Example(order[i%len(order)]); err != nil {
					b.Fatal(err)
				}
			}
		})
		check(b, c.Close())
	}
}

func BenchmarkOpenAclImdb(b *testing.B) {
	path := sharedtest.Dir(b, "data", "aclImdb_labelled.tar.gz")
	for name, limit := range map[string]int64{"memory": 0, "file": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			before := heap()
			for b.Loop() {
				c, err := Open(path, Options{SpoolLimit: limit})
				check(b, err)
				b.StopTimer()
				b.ReportMetric(float64(heap()-before)/(1<<20), "heap-MiB")
				check(b, c.Close())
				b.StartTimer()
			}
		})
	}
}

// heap is what lives after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
