package imageset

import (
	"path"
	"slices"
	"strings"
)

// What names tell: which files are pictures, which are archives, and what is
// none of our business.

// isImage tells whether a file of that name is taken for a picture. The contents
// decide when it is read, whatever the name says.
func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp":
		return true
	}
	return false
}

// isHidden tells whether a file or folder of that name is passed over with all
// that it holds: hidden ones, and what macOS, Windows and Synology leave.
func isHidden(elem string) bool {
	return strings.HasPrefix(elem, ".") || elem == "__MACOSX" || elem == "@eaDir" ||
		strings.EqualFold(elem, "Thumbs.db") || strings.EqualFold(elem, "desktop.ini")
}

func isHiddenPath(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), isHidden)
}

type kind uint8

const (
	kindOther kind = iota
	kindTar
	kindTarGz
	kindZip
	kindCSV
	kindTSV
	kindImage
)

func kindOf(name string) kind {
	switch name = strings.ToLower(name); {
	case strings.HasSuffix(name, ".tar"):
		return kindTar
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return kindTarGz
	case strings.HasSuffix(name, ".zip"):
		return kindZip
	case strings.HasSuffix(name, ".csv"):
		return kindCSV
	case strings.HasSuffix(name, ".tsv"):
		return kindTSV
	case isImage(name):
		return kindImage
	}
	return kindOther
}

// The splits' own names, in the order of Splits.
var splitNames = [...]string{"train", "val", "test"}

// splitOf returns which split a folder's usual name stands for, or none.
func splitOf(name string) int8 {
	switch strings.ToLower(name) {
	case "train", "training":
		return 0
	case "val", "valid", "validation", "dev", "eval":
		return 1
	case "test", "testing":
		return 2
	}
	return none
}
