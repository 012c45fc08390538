package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// weightsDirs returns where the bundled models may lie: the folders of
// $GOTUNE_WEIGHTS, then beside the command as a clone (bin/../weights) or an
// unpacked archive has them, then in the working folder.
func weightsDirs(env string) []string {
	dirs := filepath.SplitList(env)
	if exe, err := os.Executable(); err == nil {
		// A command linked into ~/bin belongs to the folder it is linked from.
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		dirs = append(dirs, filepath.Join(filepath.Dir(dir), "weights"), filepath.Join(dir, "weights"))
	}
	if wd, err := os.Getwd(); err == nil {
		dirs = append(dirs, filepath.Join(wd, "weights"))
	}
	return slices.DeleteFunc(dirs, func(d string) bool { return d == "" })
}

// weightFiles are the files that hold a model's tensors, in order of preference.
var weightFiles = [...]string{
	"model.safetensors", "model.safetensors.index.json",
	"pytorch_model.bin", "pytorch_model.bin.index.json",
}

// local looks for the entry in the weights folders. found is false where no
// folder has it; an incomplete one is an error, because to pass over it would
// fetch again what the user believes to have.
func (c *Client) local(e *Entry) (r Resolved, found bool, err error) {
	for _, root := range c.o.Weights {
		dir := filepath.Join(root, e.Name)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		r := Resolved{Dir: dir, Source: dir, Entry: e}
		for _, f := range e.Files {
			if err := e.present(dir, f); err != nil {
				return Resolved{}, false, err
			}
			if isFile(filepath.Join(dir, f.Path)) {
				r.Files = append(r.Files, f.Path)
			}
		}
		if len(e.Files) == 1 && e.Files[0].URL != "" {
			r.Dir, r.File = "", filepath.Join(dir, e.Files[0].Path)
		}
		return r, true, nil
	}
	return Resolved{}, false, nil
}

// present checks that a weights folder has the file, whole where its size is
// known. Of a repository's files only config.json and the weights are needed:
// the tokenizer may come as tokenizer.json or as vocab.txt, and its reader says
// which it misses. Sizes are compared for the weights alone, since a user may
// well edit a config.json.
func (e *Entry) present(dir string, f EntryFile) error {
	name := filepath.Join(dir, filepath.FromSlash(f.Path))
	weights := slices.Contains(weightFiles[:], f.Path) || f.URL != ""
	info, err := os.Stat(name)
	switch {
	case err == nil && weights && f.Size != 0 && info.Size() != f.Size:
		return fmt.Errorf("%s: %s has %d bytes, want %d: the copy is incomplete", e.Name, name, info.Size(), f.Size)
	case err == nil:
		return nil
	case weights && f.URL == "" && slices.ContainsFunc(weightFiles[:], func(w string) bool { return isFile(filepath.Join(dir, w)) }):
		return nil // the same weights in another format
	case e.Bundled || weights || f.Path == "config.json":
		return fmt.Errorf("%s: %s is missing from %s", e.Name, f.Path, dir)
	}
	return nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
