package torch_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// What CPUs without matrix units run in bfloat16 is tested where there are some, too: in
// a process that oneDNN's variable forbids them.
func TestWithoutMatrixUnits(t *testing.T) {
	const forbid = "ONEDNN_MAX_CPU_ISA"
	if os.Getenv(forbid) != "" {
		t.Skip(forbid + " is set: the other tests run by it")
	}
	if torch.CPUBFloat16() != "AMX" {
		t.Skip("this CPU has no matrix units: the other tests run without")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "BFloat16|FusedConvolution|Linear|Packed|Attention")
	cmd.Env = append(os.Environ(), forbid+"=AVX512_CORE_BF16")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
