package corpus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Fingerprint reads every example and returns a hash of all texts and class
// names in order: equal for the same data packed or not, other after any edit.
// The Report is complete afterwards.
func (c *Corpus) Fingerprint(ctx context.Context) (string, error) {
	h := sha256.New()
	var b bytes.Buffer
	field := func(s string) {
		b.Write(binary.LittleEndian.AppendUint64(b.AvailableBuffer(), uint64(len(s))))
		b.WriteString(s)
	}
	for i := range c.Len() {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		e, err := c.Example(i)
		if err != nil {
			return "", err
		}
		label := ""
		if e.Label != NoLabel {
			label = c.classes[e.Label]
		}
		b.Reset()
		field(label)
		field(e.Text)
		field(e.Pair)
		h.Write(b.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
