package tensorfile

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestMutations changes a few bytes of good files at random, where the fuzz
// engine spends itself on files it has made too strange: lengths, addresses and
// counts that are almost right. No reader may panic.
func TestMutations(t *testing.T) {
	const rounds = 400
	values := []byte{0, 1, 2, 3, 4, 8, 16, 127, 128, 254, 255}
	for _, c := range []struct {
		name   string
		reader func([]byte) (content, error)
	}{
		{"types.h5", readHDF5},
		{"types_v2.h5", readHDF5},
		{"chunked.h5", readHDF5},
		{"zip.pth", readZip},
		{"zip_deflated.pth", readZip},
		{"arrays_deflated.npz", readZip},
		{"legacy.pth", readLegacyTorch},
		{"expected.safetensors", readSafetensors},
		{"fortran.npy", func(data []byte) (content, error) { return readNPY("x.npy", data) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, err := os.ReadFile(filepath.Join("testdata", c.name))
			if err != nil {
				t.Fatal(err)
			}
			var used []int // most of an HDF5 file is zeros that nothing reads
			for i, b := range good {
				if b != 0 {
					used = append(used, i)
				}
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range rounds {
				data := bytes.Clone(good)
				for range 1 + rng.IntN(4) {
					at := min(len(data)-1, used[rng.IntN(len(used))]+rng.IntN(4))
					for k := at; k < min(len(data), at+1+rng.IntN(3)); k++ {
						data[k] = values[rng.IntN(len(values))]
						if rng.IntN(2) == 0 {
							data[k] = byte(rng.IntN(256))
						}
					}
				}
				parse(t, c.name, data, c.reader)
			}
		})
	}
}
