package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// model fetches what a model of that kind needs, the small files first: a
// repository that cannot be used is refused before its weights are fetched.
func (s *snapshot) model(ctx context.Context, kind Kind) (Resolved, error) {
	config, err := s.file(ctx, "config.json")
	if err != nil {
		return Resolved{}, err
	}
	r := Resolved{
		Dir: filepath.Dir(config), Source: s.c.repoURL(s.repo), Revision: s.commit,
		Files: []string{"config.json"},
	}
	var optional []string
	if kind != Vision {
		optional = append(optional, "tokenizer_config.json", "special_tokens_map.json", "tokenizer.json", "vocab.txt")
	}
	if kind != Text {
		optional = append(optional, "preprocessor_config.json")
	}
	for _, name := range optional {
		ok, err := s.optional(ctx, name)
		if err != nil {
			return Resolved{}, err
		}
		if ok {
			r.Files = append(r.Files, name)
		}
	}
	if kind == Text && !slices.Contains(r.Files, "tokenizer.json") && !slices.Contains(r.Files, "vocab.txt") {
		return Resolved{}, s.lacks("vocab.txt", "tokenizer.json or vocab.txt")
	}
	weights, err := s.weights(ctx)
	if err != nil {
		return Resolved{}, err
	}
	r.Files = append(r.Files, weights...)
	return r, nil
}

// weights fetches the tensors, as safetensors where the repository has them,
// and returns the files' names.
func (s *snapshot) weights(ctx context.Context) ([]string, error) {
	for _, name := range weightFiles {
		ok, err := s.optional(ctx, name)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if !strings.HasSuffix(name, ".index.json") {
			return []string{name}, nil
		}
		shards, err := readIndex(s.pointer(name))
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, s.repo, err)
		}
		for _, shard := range shards {
			if _, err := s.file(ctx, shard); err != nil {
				return nil, err
			}
		}
		return append([]string{name}, shards...), nil
	}
	return nil, s.lacks("model.safetensors", strings.Join(weightFiles[:], ", "))
}

// readIndex returns the shards that an index of sharded weights names, sorted.
func readIndex(name string) ([]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for _, shard := range index.WeightMap {
		if err := checkFile(shard); err != nil {
			return nil, err
		}
		seen[shard] = true
	}
	if len(seen) == 0 {
		return nil, errors.New("weight_map names no file")
	}
	return slices.Sorted(maps.Keys(seen)), nil
}
