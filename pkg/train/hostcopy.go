package train

import (
	"fmt"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// part is a store, and the file of a checkpoint that holds it.
type part struct {
	file  string
	store *torch.Store
}

// hostCopy is a copy of stores in host memory, which goroutines may read. Its
// memory is mapped for it and given back whole: a copy of gigabytes on the heap
// would leave holes there, or stay.
type hostCopy struct {
	mem   []byte
	files []copiedFile
}

type copiedFile struct {
	name    string
	tensors []tensorfile.Tensor
}

// newHostCopy copies the parts' tensors. Free it when done.
func newHostCopy(parts []part) (*hostCopy, error) {
	total := 0
	for _, p := range parts {
		total += p.store.Bytes()
	}
	s := &hostCopy{}
	if total > 0 {
		mem, err := unix.Mmap(-1, 0, total, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return nil, fmt.Errorf("copy %d bytes of weights: %w", total, err)
		}
		s.mem = mem
		// One fault for 2 MiB, not for 4 KiB. Where that is not to be had, so be it.
		_ = unix.Madvise(mem, unix.MADV_HUGEPAGE)
	}
	rest := s.mem
	for _, p := range parts {
		ts, err := p.store.Tensors(func(n int) []byte {
			part := rest[:n:n]
			rest = rest[n:]
			return part
		})
		if err != nil {
			s.free()
			return nil, fmt.Errorf("copy %s: %w", p.file, err)
		}
		s.files = append(s.files, copiedFile{p.file, ts})
	}
	return s, nil
}

// write makes the files in dir, side by side, and returns their checksums. A store
// without tensors, such as an optimiser's before its first step, has no file.
func (s *hostCopy) write(dir string) (map[string]string, error) {
	found, errs := make([]string, len(s.files)), make([]error, len(s.files))
	var wg sync.WaitGroup
	for i, f := range s.files {
		if len(f.tensors) > 0 {
			wg.Go(func() { found[i], errs[i] = f.write(dir) })
		}
	}
	wg.Wait()
	sums := make(map[string]string)
	for i, f := range s.files {
		if errs[i] != nil {
			return nil, errs[i] // of a full disk all would tell
		}
		if found[i] != "" {
			sums[f.name] = found[i]
		}
	}
	return sums, nil
}

func (f copiedFile) write(dir string) (sum string, err error) {
	path := filepath.Join(dir, f.name)
	if err := tensorfile.Write(path, f.tensors, nil); err != nil {
		return "", err
	}
	return fileSHA256(path)
}

// restore copies what was one store back to it.
func (s *hostCopy) restore(st *torch.Store) error {
	w, err := torch.NewWeights(s.files[0].name, s.files[0].tensors)
	if err != nil {
		return err
	}
	return st.CopyFrom(w)
}

// free gives the memory back. Freeing twice is harmless.
func (s *hostCopy) free() {
	if s.mem != nil {
		_ = unix.Munmap(s.mem) // fails only for memory that is not a mapping
	}
	s.mem, s.files = nil, nil
}
