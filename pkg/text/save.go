package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/atomicdir"
)

// Save writes the model and tok to dir as Hugging Face's from_pretrained opens
// it: config.json, model.safetensors and the tokenizer's files. dir is replaced
// as a whole, once all is on disk.
func (m *BERT) Save(dir string, tok *Tokenizer) error {
	return atomicdir.Replace(dir, func(tmp string) error {
		if err := m.WriteTo(tmp, tok); err != nil {
			return fmt.Errorf("save model %s: %w", dir, err)
		}
		return nil
	})
}

// WriteTo writes what Save writes into dir, an existing folder.
func (m *BERT) WriteTo(dir string, tok *Tokenizer) error {
	data, err := json.Marshal(m.Config)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, data, "", "  "); err != nil {
		return err
	}
	pretty.WriteByte('\n')
	if err := os.WriteFile(filepath.Join(dir, configName), pretty.Bytes(), 0o644); err != nil {
		return err
	}
	if err := m.store.WriteSafetensors(filepath.Join(dir, "model.safetensors"), nil); err != nil {
		return err
	}
	return tok.Save(dir)
}
