package torch_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// What CPUs without matrix units run in bfloat16 is tested where there are some, too.
func TestWithoutMatrixUnits(t *testing.T) {
	if torch.CPUBFloat16() != "AMX" {
		t.Skip("this CPU has no matrix units: the other tests run without")
	}
	restricted(t, "AVX512_CORE_BF16", "BFloat16|FusedConvolution|Linear|Packed|Attention")
}

// What CPUs without AVX-512 run is tested where there is some, too.
func TestWithoutAVX512(t *testing.T) {
	if torch.CPUBFloat16() == "" {
		t.Skip("this CPU lacks at least AVX-512's bfloat16: the other tests run without")
	}
	restricted(t, "AVX2", "Float32Convolution|FusedConvolution")
}

// restricted runs the tests that a pattern finds in a process to which oneDNN's variable
// allows that much.
func restricted(t *testing.T, most, tests string) {
	t.Helper()
	const variable = "ONEDNN_MAX_CPU_ISA"
	if os.Getenv(variable) != "" {
		t.Skip(variable + " is set: the other tests run by it")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", tests)
	cmd.Env = append(os.Environ(), variable+"="+most)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
