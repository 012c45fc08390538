package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// decode reads one section of a JSON file; its errors say where in the file the
// fault is.
func decode(data []byte, field string, to any) error {
	err := json.Unmarshal(data, to)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON at byte %d: %w", syntax.Offset, err)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		path := strings.Trim(field+"."+kind.Field, ".")
		if path == "" {
			path = "the file"
		}
		return fmt.Errorf("%s is a JSON %s, want %s", path, kind.Value, jsonKind(kind))
	}
	if field != "" {
		return fmt.Errorf("%s: %w", field, err)
	}
	return err
}

func jsonKind(e *json.UnmarshalTypeError) string {
	switch k := e.Type.Kind().String(); k {
	case "struct", "map":
		return "an object"
	case "slice":
		return "an array"
	case "bool":
		return "true or false"
	case "string":
		return "a string"
	default:
		return "a number (" + k + ")"
	}
}

func isNull(data json.RawMessage) bool {
	return len(data) == 0 || string(data) == "null"
}

// wantType checks the type that a section declares.
func wantType(data json.RawMessage, field string, types ...string) error {
	want := strings.Join(types, " or ")
	if isNull(data) {
		return fmt.Errorf("%s is missing, want type %s", field, want)
	}
	var f struct {
		Type string `json:"type"`
	}
	if err := decode(data, field, &f); err != nil {
		return err
	}
	if !slices.Contains(types, f.Type) {
		return fmt.Errorf("%s.type is %q, want %s", field, f.Type, want)
	}
	return nil
}

// parseVocabulary reads an object of tokens and their ids, which must be 0, 1,
// 2, … in any order; s is valid JSON. encoding/json would let the second of two
// equal tokens win in silence.
func parseVocabulary(s string) ([]string, error) {
	if s[0] != '{' {
		return nil, errors.New("model.vocab is not an object of tokens and ids")
	}
	type pair struct {
		token string
		id    int
	}
	var pairs []pair
	s = s[1:]
	for {
		s = strings.TrimLeft(s, " \t\r\n,")
		if s[0] == '}' {
			break
		}
		end, escaped := 1, false
		for ; s[end] != '"'; end++ {
			if s[end] == '\\' {
				escaped = true
				end++
			}
		}
		token := s[1:end]
		if escaped {
			var plain string
			if err := json.Unmarshal([]byte(s[:end+1]), &plain); err != nil {
				return nil, err
			}
			token = plain
		}
		s = strings.TrimLeft(s[end+1:], " \t\r\n:")
		n := strings.IndexAny(s, " \t\r\n,}")
		id, err := strconv.Atoi(s[:max(n, 0)])
		if err != nil || id < 0 {
			return nil, fmt.Errorf("model.vocab: token %q has id %s", token, s[:max(n, 0)])
		}
		s = s[n:]
		pairs = append(pairs, pair{token, id})
	}
	tokens := make([]string, len(pairs))
	taken := make([]bool, len(pairs))
	for _, p := range pairs {
		switch {
		case p.id >= len(pairs):
			return nil, fmt.Errorf("model.vocab: token %q has id %d among %d tokens", p.token, p.id, len(pairs))
		case taken[p.id]:
			return nil, fmt.Errorf("model.vocab: tokens %q and %q have one id, %d", tokens[p.id], p.token, p.id)
		}
		tokens[p.id], taken[p.id] = p.token, true
	}
	return tokens, nil
}
