package vision

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/atomicdir"
)

// Save writes config.json and model.safetensors to dir, which is replaced as a
// whole once all is on disk. torchvision loads the tensors with
// load_state_dict.
func (m *Model) Save(dir string) error {
	return atomicdir.Replace(dir, func(tmp string) error {
		data, err := json.MarshalIndent(m.Config, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, "config.json"), append(data, '\n'), 0o644); err != nil {
			return fmt.Errorf("save model %s: %w", dir, err)
		}
		if err := m.store.WriteSafetensors(filepath.Join(tmp, "model.safetensors"), nil); err != nil {
			return fmt.Errorf("save model %s: %w", dir, err)
		}
		return nil
	})
}
