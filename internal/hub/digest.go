package hub

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"regexp"
	"strings"
)

// The sums by which publishers describe their files.
const (
	sha256Sum = "sha256"   // git LFS on the hub, torchvision, the manifest
	gitSum    = "git-sha1" // small files on the hub: sha1("blob <size>\x00" + content)
	md5Sum    = "md5"      // Keras
)

// digest is an expected sum. A hex shorter than the sum is a prefix.
type digest struct{ algorithm, hex string }

var hexOnly = regexp.MustCompile(`^[0-9a-f]+$`)

// etagDigest returns what the hub's ETag says of a file's content: 64 hex digits
// are the SHA-256 of a large file, 40 the git blob of a small one. A mirror may
// answer with a tag of its own, of which nothing follows.
func etagDigest(etag string) (digest, bool) {
	switch {
	case !hexOnly.MatchString(etag):
		return digest{}, false
	case len(etag) == 2*sha256.Size:
		return digest{sha256Sum, etag}, true
	case len(etag) == 2*sha1.Size:
		return digest{gitSum, etag}, true
	}
	return digest{}, false
}

func (d digest) hash(size int64) (hash.Hash, error) {
	switch d.algorithm {
	case sha256Sum:
		return sha256.New(), nil
	case gitSum:
		h := sha1.New()
		h.Write(fmt.Appendf(nil, "blob %d\x00", size))
		return h, nil
	case md5Sum:
		return md5.New(), nil
	}
	return nil, fmt.Errorf("unknown sum %q", d.algorithm)
}

// verify reads the file once and compares it with every digest.
// A difference is an *IntegrityError.
func verify(name string, want []digest) error {
	if len(want) == 0 {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	hashes := make([]hash.Hash, len(want))
	writers := make([]io.Writer, len(want))
	for i, d := range want {
		if hashes[i], err = d.hash(info.Size()); err != nil {
			return err
		}
		writers[i] = hashes[i]
	}
	if _, err := io.CopyBuffer(io.MultiWriter(writers...), f, make([]byte, 1<<20)); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	for i, d := range want {
		got := hex.EncodeToString(hashes[i].Sum(nil))
		if !strings.HasPrefix(got, strings.ToLower(d.hex)) {
			return &IntegrityError{File: name, Sum: d.algorithm, Want: d.hex, Got: got}
		}
	}
	return nil
}
