package cli

import (
	"testing"

	"github.com/alecthomas/kong"
)

// doctor takes no flag that changes nothing.
func TestDoctorFlags(t *testing.T) {
	for arg, ok := range map[string]bool{
		"--device=cpu": true, "--precision=fp32": true, "--threads=1": true, "--seed=1": false, "--workers=1": false,
	} {
		parser, err := kong.New(&DoctorCmd{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{arg}); (err == nil) != ok {
			t.Errorf("%s: error %v", arg, err)
		}
	}
}
