package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/vision"
)

// cacheFlag says where decoded pictures are kept, for later epochs and runs.
type cacheFlag struct {
	Cache string `default:"auto" help:"Where decoded pictures are kept for later epochs and runs: auto (~/.cache/gotune/pictures), a folder, memory, or off." group:"Data" yaml:"cache"`
}

// cacheFlags say how much of them, too.
type cacheFlags struct {
	cacheFlag `yaml:",inline"`
	CacheSize string `help:"Most that they may take: 8GiB in a folder and 512MiB in memory, unless given." placeholder:"SIZE" group:"Data" yaml:"cache-size"`
}

// bytes is --cache-size; 0: the default of its place.
func (f cacheFlags) bytes() (int64, error) {
	if f.CacheSize == "" {
		return 0, nil
	}
	n, err := humanize.ParseBytes(f.CacheSize)
	switch {
	case err != nil:
		return 0, fmt.Errorf("--cache-size: %q, want a size such as 8GiB or 500MB", f.CacheSize)
	case n < 1<<20 || n > 1<<60:
		return 0, fmt.Errorf("--cache-size: %q, want 1MiB or more; --cache off keeps nothing", f.CacheSize)
	}
	return int64(n), nil
}

// Validate reports a size that is none.
func (f cacheFlags) Validate() error {
	_, err := f.bytes()
	return err
}

// apply tells o where to keep pictures. The folder that nobody asked for may be
// out of reach, as in a home that is read-only: then they are kept in memory, and
// note says why.
func (f cacheFlags) apply(o *vision.DataOptions) (note string, err error) {
	if o.CacheBytes, err = f.bytes(); err != nil {
		return "", cli.Usage(err)
	}
	switch f.Cache {
	case cli.CacheOff:
		o.CacheBytes = -1
		return "", nil
	case cli.CacheMemory:
		return "", nil
	case cli.CacheAuto:
		dir, err := pictureDir()
		if err == nil {
			err = usable(dir)
		}
		if err != nil {
			o.CacheBytes = 0 // it was the folder's
			return fmt.Sprintf("decoded pictures are kept in memory: %v", err), nil
		}
		o.CacheDir = dir
		return "", nil
	}
	o.CacheDir = f.Cache
	if err := usable(f.Cache); err != nil {
		return "", cli.Usagef("--cache: %w", err)
	}
	return "", nil
}

// inMemory keeps pictures in memory where they would go into a folder, whose size is
// not the memory's.
func (f cacheFlags) inMemory() cacheFlags {
	if f.Cache == cli.CacheAuto || cli.InFolder(f.Cache) {
		f.Cache, f.CacheSize = cli.CacheMemory, ""
	}
	return f
}

// usable opens and closes the cache, as the run will.
func usable(dir string) error {
	c, err := pixels.OpenCache(pixels.CacheOptions{Dir: dir})
	if err != nil {
		return err
	}
	return c.Close()
}

// pictureDir is the folder of --cache auto.
func pictureDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "gotune", "pictures"), nil
}

type doctorCmd struct {
	cli.DoctorCmd
	cacheFlag
}

// Run is called by kong.
func (c *doctorCmd) Run(env *cli.Env) error {
	return errors.Join(c.DoctorCmd.Run(env), cli.DoctorRow(env, "pictures", "%s", c.state()))
}

// state describes the cache for doctor.
func (f cacheFlag) state() string {
	dir := f.Cache
	switch f.Cache {
	case cli.CacheOff:
		return "decoded anew in each epoch: --cache off"
	case cli.CacheMemory:
		return "decoded pictures are kept in memory"
	case cli.CacheAuto:
		auto, err := pictureDir()
		if err != nil {
			return fmt.Sprintf("decoded pictures are kept in memory: %v", err)
		}
		dir = auto
	}
	size, err := pixels.CacheBytes(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "decoded ones will be kept in " + dir + " (not there yet)"
	}
	if err != nil {
		return fmt.Sprintf("%s: %v", dir, err)
	}
	return fmt.Sprintf("decoded ones are kept in %s, %s now", dir, humanize.IBytes(size))
}
