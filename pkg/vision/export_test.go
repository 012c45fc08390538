package vision

import "github.com/gotune/gotune/pkg/torch"

// Runtime is libtorch for the tests within the package.
var Runtime *torch.Runtime

// RunAtOnce sets how many numbers a layer makes at a time where no gradient is
// asked.
func RunAtOnce(m *Model, numbers int) { m.atOnce = numbers }
