package vision

import (
	"cmp"
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
	full    error // a file that there was no room for
}

// A NoRoomError is of features that the limit is too small for.
type NoRoomError struct {
	Need, Limit int64 // bytes: of the model's features as far as they are known, and the limit
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("feature cache: %d bytes are needed, the limit is %d", e.Need, e.Limit)
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

// Err is why features are no longer kept, such as a full disk, or why some are not,
// a *[NoRoomError]; nil where all are. Those that were kept are good: what is not
// whole fails its checksum.
func (c *FeatureCache) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := cmp.Or(c.err, c.full)
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

// is tells which weights the features are of from now on; "": none are looked for.
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
		f.weights = c.weights
		now := time.Now()
		_ = os.Chtimes(path, now, now) // only for which goes first
	}
	c.files[name] = f
	return f
}

// room removes files, the longest unused first, until bytes more are within the
// limit, and says whether they are. Those of the weights as they are stay, also those
// of other sets; where it is not enough that all others go, none does.
func (c *FeatureCache) room(bytes int64) bool {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return false
	}
	need, idle := bytes, int64(0)
	var infos []os.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !isFeatureName(e.Name()) {
			continue
		}
		if f := c.files[e.Name()]; f != nil && f.weights == c.weights {
			need += info.Size()
			continue
		}
		infos = append(infos, info)
		idle += info.Size()
	}
	if need > c.limit {
		c.full = &NoRoomError{Need: need, Limit: c.limit}
		return false
	}
	slices.SortFunc(infos, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		if need+idle <= c.limit {
			break
		}
		name := info.Name()
		if f := c.files[name]; f != nil { // of what was frozen earlier in the run
			_ = f.file.Close()
			delete(c.files, name)
		}
		if os.Remove(filepath.Join(c.dir, name)) == nil {
			idle -= info.Size()
		}
	}
	return need+idle <= c.limit
}

// isFeatureName tells whether a file has a name that FeatureCache.name makes.
func isFeatureName(name string) bool {
	sum, ok := strings.CutSuffix(name, featureSuffix)
	b, err := hex.DecodeString(sum)
	return ok && err == nil && len(b) == 16
}
