package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/pkg/torch"
)

// DoctorCmd is the verb doctor.
type DoctorCmd struct {
	Processor
}

// Run prints what is there and what is missing; a libtorch that does not open is
// its error.
func (c *DoctorCmd) Run(env *Env) error {
	var lost error // of stdout
	row := func(what, format string, args ...any) {
		lost = cmp.Or(lost, DoctorRow(env, what, format, args...))
	}
	err := errors.Join(c.libtorch(env, row), caches(row))
	return errors.Join(err, lost)
}

type doctorRow func(what, format string, args ...any)

// libtorch tells of libtorch and its devices, and computes a sum.
func (c *DoctorCmd) libtorch(env *Env, row doctorRow) (err error) {
	row("program", "%s %s, %s %s/%s", env.Program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	dir, err := torch.LibraryDir()
	if err != nil {
		return err
	}
	row("libtorch", "%s in %s", torch.Version(), dir)
	row("cpu", "%s, %s, bfloat16 in hardware: %s", plural.Of(runtime.NumCPU(), "cores"), torch.CPUCapability(), cmp.Or(torch.CPUBFloat16(), "no"))
	if n, err := torch.CUDADevices(); err != nil {
		row("cuda", "not available: %v", err)
	} else if _, _, err := torch.FirstCUDA(); err != nil {
		row("cuda", "%s, but auto uses none: %v", plural.Of(n, "devices"), err)
	} else {
		row("cuda", "%s", plural.Of(n, "devices"))
	}
	rt, err := OpenRuntime(Machine{Processor: c.Processor})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	row("would use", "%s, %s, %s (OMP_WAIT_POLICY=%s GOMP_SPINCOUNT=%s)", rt.Device(), rt.Autocast(), plural.Of(rt.Threads(), "threads"),
		os.Getenv("OMP_WAIT_POLICY"), os.Getenv("GOMP_SPINCOUNT"))
	s := rt.Scope(rt.EvalMode())
	v := s.Float(s.Sum(s.Ones(torch.Float32, 3)))
	if rt.Device().IsCUDA() {
		row("attention", "texts without padding: %s", yesNo(s.PackedFits(64)))
	}
	if err := s.Close(); err != nil {
		return err
	}
	row("works", "1+1+1 = %g on %s", v, rt.Device())
	return nil
}

// DoctorRow writes a line of doctor's.
func DoctorRow(env *Env, what, format string, args ...any) error {
	_, err := fmt.Fprintf(env.Stdout, "%-12s %s\n", what, fmt.Sprintf(format, args...))
	return err
}

func caches(row doctorRow) error {
	o, err := hub.FromEnv()
	if err != nil {
		return Usage(err)
	}
	row("hub cache", "%s%s", o.CacheDir, presence(o.CacheDir))
	row("hub", "%s, offline: %s, token: %s", o.Hub(), yesNo(o.Offline), yesNo(o.Token != ""))
	for _, w := range slices.Compact(slices.Sorted(slices.Values(o.Weights))) {
		if _, err := os.Stat(w); err == nil {
			row("weights", "%s", w)
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(wd, &fs); err == nil {
		row("disk", "%s free in %s", bytesString(fs.Bavail*uint64(fs.Bsize)), filepath.Clean(wd))
	}
	return nil
}

func presence(path string) string {
	if _, err := os.Stat(path); err != nil {
		return " (not there yet)"
	}
	return ""
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
