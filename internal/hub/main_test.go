package hub

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childRef makes the test binary a second process that resolves the reference
// with the options of its environment.
const childRef = "GOTUNE_HUB_TEST_REF"

func TestMain(m *testing.M) {
	if ref := os.Getenv(childRef); ref != "" {
		os.Exit(child(ref))
	}
	goleak.VerifyTestMain(m)
}

func child(ref string) int {
	o, err := FromEnv()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c, err := New(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r, err := c.Resolve(context.Background(), ref, Text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(r.Dir)
	return 0
}
