package vision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotune/gotune/pkg/torch"
)

// FeatureCache keeps what a model's frozen groups make of pictures in a folder, a
// file for each state of the weights and each data set. Other weights, another
// precision, picture or augmentation, or a group that thaws make another file. It
// is safe for use by many goroutines.
type FeatureCache struct {
	dir   string
	limit int64

	mu      sync.Mutex
	weights string                  // what decides the features beside the pictures
	files   map[string]*featureFile // by name
	sources map[*Dataset]string
	err     error // of making a file
}

const featureSuffix = ".features"

// OpenFeatureCache opens the folder, making it where there is none. Its files
// take at most limit bytes, 8 GiB for 0; those that were not used for longest go
// first.
func OpenFeatureCache(dir string, limit int64) (*FeatureCache, error) {
	if limit <= 0 {
		limit = 8 << 30
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("feature cache: %w", err)
	}
	return &FeatureCache{dir: dir, limit: limit, files: map[string]*featureFile{}, sources: map[*Dataset]string{}}, nil
}

// Err is why features are no longer kept, such as a full disk; nil where they are.
// Those that were kept are good: what is not whole fails its checksum.
func (c *FeatureCache) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	for _, f := range c.files {
		if f != nil && err == nil {
			err = f.failed()
		}
	}
	return err
}

// Close closes the files.
func (c *FeatureCache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.files {
		if f != nil {
			_ = f.file.Close() // what is not whole there fails its checksum
		}
	}
	c.files = map[string]*featureFile{}
	return c.err
}

// is tells which weights the features are of from now on.
func (c *FeatureCache) is(weights string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.weights = weights
}

// source returns d's hash.
func (c *FeatureCache) source(d *Dataset) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sources[d] == "" {
		c.sources[d] = d.describe()
	}
	return c.sources[d]
}

func (c *FeatureCache) name(source string) string {
	sum := sha256.Sum256([]byte(c.weights + "\n" + source))
	return hex.EncodeToString(sum[:16]) + featureSuffix
}

// now returns the file of a set for the weights as they last were, or nil.
func (c *FeatureCache) now(source string) *featureFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.weights == "" {
		return nil
	}
	return c.files[c.name(source)]
}

// open returns the file of k's set, or nil where there is none. With like, [N,…],
// it is made for such features, unless it cannot be, or would be too large; once
// one could not be made, only those that are there are opened.
func (c *FeatureCache) open(k *keptFeatures, like *torch.Tensor) *featureFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := c.name(k.source)
	f, ok := c.files[name]
	if f != nil || ok && (like == nil || c.err != nil) {
		return f
	}
	path := filepath.Join(c.dir, name)
	f = openFeatureFile(path, k.of)
	if f == nil && like != nil && c.err == nil {
		f, c.err = newFeatureFile(path, k.of, like.Shape()[1:], like.DType(), c.room)
	}
	if f != nil {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // only for which goes first
	}
	c.files[name] = f
	return f
}

// room removes files, the longest unused first, until bytes more are within the
// limit, and says whether they are.
func (c *FeatureCache) room(bytes int64) bool {
	if bytes > c.limit {
		return false
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return false
	}
	var infos []os.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), featureSuffix) {
			infos = append(infos, info)
			bytes += info.Size()
		}
	}
	slices.SortFunc(infos, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		if bytes <= c.limit {
			break
		}
		if c.files[info.Name()] == nil && os.Remove(filepath.Join(c.dir, info.Name())) == nil {
			bytes -= info.Size()
		}
	}
	return bytes <= c.limit
}
