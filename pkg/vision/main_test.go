package vision_test

import (
	"cmp"
	"fmt"
	"os"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// rt is libtorch for this package's tests: it opens once a process.
var rt *torch.Runtime

// GOTUNE_TEST_DEVICE runs them on another device than the CPU: cuda, say.
func TestMain(m *testing.M) {
	device, err := torch.ParseDevice(cmp.Or(os.Getenv("GOTUNE_TEST_DEVICE"), "cpu"))
	if err == nil {
		rt, err = torch.Open(torch.Options{Device: device, Seed: 1})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	vision.Runtime = rt
	code := m.Run()
	if err := rt.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
