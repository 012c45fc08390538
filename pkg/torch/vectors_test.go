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
	if floatsInRegister() < 16 {
		t.Skip("this CPU has no AVX-512: the other tests run without")
	}
	restricted(t, "AVX2", "Float32Convolution|AttentionPacked")
}

// And what CPUs without AVX2 run.
func TestWithoutAVX2(t *testing.T) {
	if floatsInRegister() < 8 {
		t.Skip("this CPU has no AVX2: the other tests run without")
	}
	restricted(t, "SSE41", "AttentionPacked")
}

// floatsInRegister is how many numbers the registers hold that our kernels of float32 use.
func floatsInRegister() int {
	most := map[string]int{"AVX512": 16, "AVX2": 8}[torch.CPUCapability()]
	if limit, ok := map[string]int{"AVX2": 8, "SSE41": 4}[os.Getenv("ONEDNN_MAX_CPU_ISA")]; ok {
		return min(most, limit)
	}
	return most
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
