package vision

import "github.com/gotune/gotune/pkg/torch"

// Runtime is libtorch for the tests within the package.
var Runtime *torch.Runtime
