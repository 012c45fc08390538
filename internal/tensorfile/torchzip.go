package tensorfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gotune/gotune/internal/tensorfile/pickle"
)

// readTorchZip parses what torch.save has written since 1.6: a zip archive of
// NAME/data.pkl and NAME/data/KEY for each storage, stored without compression.
func readTorchZip(z *zipFile) (content, error) {
	dir, err := torchDir(z)
	if err != nil {
		return content{}, err
	}
	if _, ok := z.members[dir+"constants.pkl"]; ok {
		return content{}, errors.New("a TorchScript archive, which holds a program: save the state_dict instead")
	}
	if _, ok := z.members[dir+"byteorder"]; ok {
		order, err := z.open(dir + "byteorder")
		if err != nil {
			return content{}, err
		}
		if s := strings.TrimSpace(string(order)); s != "little" {
			return content{}, fmt.Errorf("byte order %q is not supported", s)
		}
	}
	program, err := z.open(dir + "data.pkl")
	if err != nil {
		return content{}, err
	}
	if len(program) > maxPickle {
		return content{}, fmt.Errorf("data.pkl: %d bytes, more than the %d that are loaded", len(program), maxPickle)
	}
	r := newTorchResolver(z.budget)
	root, _, err := pickle.Decode(program, r)
	if err != nil {
		return content{}, fmt.Errorf("data.pkl: %w", err)
	}
	for _, s := range r.order {
		want, err := s.dtype.byteSize([]int{s.numel})
		if err != nil {
			return content{}, fmt.Errorf("storage %q: %w", s.key, err)
		}
		if s.data, err = z.open(dir + "data/" + s.key); err != nil {
			return content{}, err
		}
		if len(s.data) != want {
			return content{}, fmt.Errorf("storage %q: %d bytes, %d × %s needs %d",
				s.key, len(s.data), s.numel, s.dtype, want)
		}
	}
	return torchContent(root, z.budget)
}

// torchDir returns the archive's folder, with its slash, that holds data.pkl.
func torchDir(z *zipFile) (string, error) {
	dir, found := "", false
	for _, name := range z.names {
		d, ok := strings.CutSuffix(name, "data.pkl")
		if !ok || (d != "" && (!strings.HasSuffix(d, "/") || strings.Count(d, "/") > 1)) {
			continue
		}
		if found {
			return "", errors.New("two members are called data.pkl")
		}
		dir, found = d, true
	}
	if !found {
		return "", errors.New("no member is called data.pkl")
	}
	return dir, nil
}
