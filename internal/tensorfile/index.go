package tensorfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// shardIndex is the JSON beside the shards of a large model.
type shardIndex struct {
	Metadata  map[string]any    `json:"metadata"`
	WeightMap map[string]string `json:"weight_map"` // tensor → shard's file name
}

// isIndex reports whether data is a JSON object; a safetensors file whose
// header is '{' bytes long is told apart by its second byte.
func isIndex(data []byte) bool {
	text := bytes.TrimSpace(data[:min(len(data), 64)])
	return len(text) > 1 && text[0] == '{' && text[1] != 0 && !isSafetensors(data)
}

// openIndex opens the shards that an index names. The tensors come shard by
// shard in the order of the shards' names, within a shard in its own order, and
// exactly those that the index lists for it.
func openIndex(path string, data []byte) (_ *File, err error) {
	var idx shardIndex
	if err := json.Unmarshal(data, &idx); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if len(idx.WeightMap) == 0 {
		return nil, fmt.Errorf("open %s: JSON without a weight_map is no index of weights", path)
	}
	c := content{metadata: stringPairs(idx.Metadata)}
	out := new(File)
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	found := 0
	shards := slices.Compact(slices.Sorted(maps.Values(idx.WeightMap)))
	for _, shard := range shards {
		// An index comes from afar: it may not reach outside its folder.
		if !filepath.IsLocal(shard) {
			return nil, fmt.Errorf("open %s: shard %q is not a file beside the index", path, shard)
		}
		f, err := openShard(filepath.Join(filepath.Dir(path), shard))
		if err != nil {
			return nil, fmt.Errorf("open %s: shard: %w", path, err)
		}
		out.maps = append(out.maps, f)
		c.format = f.format
		for t := range f.All() {
			if idx.WeightMap[t.Name] == shard {
				c.tensors = append(c.tensors, t)
				found++
			}
		}
	}
	if found < len(idx.WeightMap) {
		return nil, fmt.Errorf("open %s: %w", path, missing(idx.WeightMap, c.tensors))
	}
	f, err := newFile(path, c)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f.maps = out.maps
	return f, nil
}

// openShard is Open without folders and indexes, which could nest for ever.
func openShard(path string) (*File, error) {
	m, err := openMapping(path)
	if err != nil {
		return nil, err
	}
	f, err := read(path, m.data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), m.Close())
	}
	f.maps = append(f.maps, m)
	return f, nil
}

// missing names the first tensor that the index promises and no shard holds.
func missing(weightMap map[string]string, got []Tensor) error {
	have := make(map[string]bool, len(got))
	for _, t := range got {
		have[t.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(weightMap)) {
		if !have[name] {
			return fmt.Errorf("tensor %q is not in shard %s", name, weightMap[name])
		}
	}
	return nil
}

// stringPairs keeps metadata as text; an index has numbers such as total_size.
func stringPairs(m map[string]any) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
			continue
		}
		if b, err := json.Marshal(v); err == nil {
			out[k] = string(b)
		}
	}
	return out
}
