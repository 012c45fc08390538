package tensorfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// legacyMagic is how torch.save before 1.6 begins: a pickle of the number
// 0x1950a86a20f9469cfc6c and nothing else.
const legacyMagic = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

const legacyProtocol = 1001

func isLegacyTorch(data []byte) bool { return bytes.HasPrefix(data, []byte(legacyMagic)) }

// readLegacyTorch parses a legacy checkpoint, five pickles in a row: magic,
// protocol, facts about the machine, the object, and the storages' keys; then
// for each key the number of elements and the elements.
func readLegacyTorch(data []byte) (content, error) {
	b := newBudget(len(data))
	r := &legacyReader{rest: data[len(legacyMagic):], resolver: newTorchResolver(b)}
	if v, err := r.next("protocol"); err != nil {
		return content{}, err
	} else if v != legacyProtocol {
		return content{}, fmt.Errorf("checkpoint protocol %v, want %d", v, legacyProtocol)
	}
	sys, err := r.next("system information")
	if err != nil {
		return content{}, err
	}
	if d, ok := sys.(*pickle.Dict); ok {
		if little, ok := d.Get("little_endian"); ok && little != true {
			return content{}, errors.New("big-endian data is not supported")
		}
	}
	root, err := r.next("checkpoint")
	if err != nil {
		return content{}, err
	}
	keys, err := r.next("storage keys")
	if err != nil {
		return content{}, err
	}
	if err := r.storages(keys); err != nil {
		return content{}, err
	}
	return torchContent(root, b)
}

type legacyReader struct {
	rest     []byte
	resolver *torchResolver
}

// next decodes one more pickle of the row.
func (r *legacyReader) next(what string) (any, error) {
	v, n, err := pickle.Decode(r.rest[:min(len(r.rest), maxPickle)], r.resolver)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	r.rest = r.rest[n:]
	return v, nil
}

// storages points each storage at its elements, which must fill the file.
func (r *legacyReader) storages(keys any) error {
	list, ok := keys.(*pickle.List)
	if !ok {
		return fmt.Errorf("storage keys are a %s, want a list", pickle.Kind(keys))
	}
	for _, k := range list.Items {
		key, _ := k.(string)
		s, ok := r.resolver.storages[key]
		if !ok || s.data != nil {
			return fmt.Errorf("storage %q is unknown or there twice", key)
		}
		want, err := s.dtype.byteSize([]int{s.numel})
		if err != nil {
			return fmt.Errorf("storage %q: %w", key, err)
		}
		if len(r.rest) < 8 || want > len(r.rest)-8 {
			return fmt.Errorf("storage %q: truncated: %d bytes are left, %d × %s needs %d",
				key, max(0, len(r.rest)-8), s.numel, s.dtype, want)
		}
		if n := binary.LittleEndian.Uint64(r.rest); n != uint64(s.numel) {
			return fmt.Errorf("storage %q: %d elements, the checkpoint says %d", key, n, s.numel)
		}
		s.data = r.rest[8 : 8+want : 8+want]
		r.rest = r.rest[8+want:]
	}
	for _, s := range r.resolver.order {
		if s.data == nil {
			return fmt.Errorf("storage %q is not in the file", s.key)
		}
	}
	if len(r.rest) > 0 {
		return fmt.Errorf("%d bytes follow the last storage", len(r.rest))
	}
	return nil
}
