package sharedtest

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Resident returns this process's resident set in bytes. It skips the test where
// the system does not tell.
func Resident(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
