package corpus

import (
	"path"
	"strings"
)

// What file names tell: the format, the split, and what is none of our
// business.

type kind int

const (
	kindNone kind = iota
	kindText      // one example a file
	kindCSV
	kindTSV
	kindJSONL
	kindTar
	kindZip
)

const knownKinds = ".csv, .tsv, .jsonl, .ndjson (each also .gz), .tar, .tar.gz, .tgz, .zip, or a folder"

// kindOf returns the format that a file's name announces, and whether the file
// is compressed.
func kindOf(name string) (k kind, gz bool) {
	name = strings.ToLower(path.Base(name))
	if strings.HasSuffix(name, ".tgz") {
		return kindTar, true
	}
	name, gz = strings.CutSuffix(name, ".gz")
	switch path.Ext(name) {
	case ".txt":
		if !gz {
			return kindText, false
		}
	case ".csv":
		return kindCSV, gz
	case ".tsv", ".tab":
		return kindTSV, gz
	case ".jsonl", ".ndjson", ".json-lines", ".jsonlines", ".json":
		return kindJSONL, gz
	case ".tar":
		return kindTar, gz
	case ".zip":
		if !gz {
			return kindZip, false
		}
	}
	return kindNone, false
}

func (k kind) isTable() bool { return k == kindCSV || k == kindTSV || k == kindJSONL }

// Reads tells whether a file of that name is one that Open reads as data.
func Reads(name string) bool {
	k, _ := kindOf(name)
	return k != kindNone && k != kindText
}

// The splits' own names, in the order of Splits.
var splitNames = [...]string{"train", "val", "test"}

// splitOf returns the split that a folder's or a table's usual name stands for,
// or "".
func splitOf(name string) string {
	switch strings.ToLower(name) {
	case "train", "training":
		return "train"
	case "val", "valid", "validation", "dev", "eval":
		return "val"
	case "test", "testing":
		return "test"
	}
	return ""
}

// splitOfTable returns the split of train.tsv, imdb_train.csv or
// SST-2.dev.tsv.gz, or "".
func splitOfTable(name string) string {
	stem := path.Base(name)
	if k, gz := kindOf(stem); gz && k.isTable() {
		stem = stem[:len(stem)-len(".gz")]
	}
	stem = strings.TrimSuffix(stem, path.Ext(stem))
	if s := splitOf(stem); s != "" {
		return s
	}
	return splitOf(stem[strings.LastIndexAny(stem, "_-.")+1:])
}

// isIgnored tells whether a file or folder of that name is passed over with all
// that it holds: hidden ones, what macOS adds to archives, and the 50,000
// unlabelled reviews of aclImdb.
func isIgnored(elem string) bool {
	return strings.HasPrefix(elem, ".") || elem == "__MACOSX" || elem == "unsup"
}

// isWanted tells whether the member of that slash-separated path can hold
// examples.
func isWanted(name string) bool {
	if k, _ := kindOf(name); k != kindText && !k.isTable() {
		return false
	}
	return !isIgnoredPath(name)
}

func isIgnoredPath(name string) bool {
	for elem := range strings.SplitSeq(name, "/") {
		if isIgnored(elem) {
			return true
		}
	}
	return false
}
