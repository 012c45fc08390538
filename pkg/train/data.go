package train

import (
	"context"
	"iter"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/torch"
)

// Batch is one mini-batch on the host.
type Batch interface {
	Size() int         // examples
	Targets() []int64  // the class of each example; -1: unknown
	Name(i int) string // where the i-th example comes from, for messages
	Tokens() int       // tokens without padding; 0 for images
}

// Data is a set of examples that gives batches by index. The same epoch and
// indices give the same batch, on any goroutine.
type Data[B Batch] interface {
	Len() int
	Batch(ctx context.Context, epoch int, indices []int) (B, error)
}

// Batches yields the batches of so many passes over data, each in its own seeded
// order, made ahead on other goroutines: what Steps takes.
func Batches[B Batch](ctx context.Context, data Data[B], epochs, batch int, seed uint64) iter.Seq2[B, error] {
	return loader.Epochs[B](ctx, data, epochs, batch, seed)
}

// Model maps a batch to unnormalised class scores.
type Model[B Batch] interface {
	// Forward returns logits [N,C], owned by s.
	Forward(s *torch.Scope, b B) *torch.Tensor
	// Store holds the parameters, in order.
	Store() *torch.Store
	// Classes names the columns of the logits.
	Classes() []string
}
