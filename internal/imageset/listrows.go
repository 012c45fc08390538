package imageset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
)

// row is one of a list; its cells are valid until the next.
type row struct {
	line  int
	cells []string
}

// listRows yields the rows of a list, of which it holds one at a time.
func listRows(where string, k kind) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		f, err := os.Open(where)
		if err != nil {
			yield(row{}, faultOf(where, err))
			return
		}
		defer f.Close()
		in := bufio.NewReader(f)
		if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\uFEFF")) {
			_, _ = in.Discard(3) // they are there
		}
		rows := csvRows
		if k == kindTSV {
			rows = tsvRows
		}
		rows(in, where, yield)
	}
}

func csvRows(in *bufio.Reader, where string, yield func(row, error) bool) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1 // columns are checked where they are wanted, by line
	r.ReuseRecord = true
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			err = fault(fmt.Sprintf("%s:%d", where, parse.Line), "%w", parse.Err)
		} else if err != nil {
			err = faultOf(where, err)
		}
		if err != nil {
			yield(row{}, err)
			return
		}
		if line, _ := r.FieldPos(0); !yield(row{line, cells}, nil) {
			return
		}
	}
}

// tsvRows knows no quoting: a quote is part of a name.
func tsvRows(in *bufio.Reader, where string, yield func(row, error) bool) {
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			yield(row{}, faultOf(where, err))
			return
		}
		if text := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); text != "" {
			if !yield(row{n, strings.Split(text, "\t")}, nil) {
				return
			}
		}
		if err == io.EOF {
			return
		}
	}
}
