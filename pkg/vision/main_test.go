package vision_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// rt is libtorch for this package's tests: it opens once a process.
var rt *torch.Runtime

func TestMain(m *testing.M) {
	var err error
	if rt, err = torch.Open(torch.Options{Seed: 1}); err != nil {
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
