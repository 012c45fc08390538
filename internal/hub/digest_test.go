package hub

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestETagDigest(t *testing.T) {
	for tag, want := range map[string]string{
		strings.Repeat("a", 64):         sha256Sum,
		strings.Repeat("0", 40):         gitSum,
		strings.Repeat("a", 32):         "", // a store's MD5 says nothing of parts
		strings.Repeat("a", 32) + "-12": "",
		strings.Repeat("g", 64):         "",
		"":                              "",
	} {
		d, ok := etagDigest(tag)
		if ok != (want != "") || d.algorithm != want {
			t.Errorf("etagDigest(%q) = %v, %v, want %q", tag, d, ok, want)
		}
	}
}

// The sums are those that git, sha256sum and md5sum print.
func TestDigests(t *testing.T) {
	name := filepath.Join(t.TempDir(), "hello")
	write(t, name, []byte("hello\n"))
	for _, d := range []digest{
		{sha256Sum, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
		{sha256Sum, "5891B5B5"},
		{gitSum, "ce013625030ba8dba906f756967f9e9ca394464a"},
		{md5Sum, "b1946ac92492d2347c6235b4d2611184"},
	} {
		if err := verify(name, []digest{d}); err != nil {
			t.Error(err)
		}
		if err := verify(name, []digest{{d.algorithm, "0" + d.hex[1:]}}); err == nil {
			t.Errorf("%s: a wrong sum passes", d.algorithm)
		}
	}
	if err := verify(name, []digest{{"crc", "0"}}); err == nil {
		t.Error("an unknown sum passes")
	}
	if err := verify(name+"x", []digest{{md5Sum, "0"}}); err == nil {
		t.Error("a missing file passes")
	}
}
