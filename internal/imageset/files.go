package imageset

import (
	"iter"
	"time"

	"github.com/gotune/gotune/internal/column"
)

// member is what is known of a file without reading it.
type member struct {
	name    string // slash-separated, below the store's root
	size    int64
	changed time.Time
}

// files are a store's members: of each some ten bytes and what its name does not
// share with its neighbours'.
type files struct {
	paths          column.Strings
	sizes, changed column.Ints
}

func (f *files) add(m member) {
	f.paths.Append(m.name)
	f.sizes.Append(int(m.size))
	f.changed.Append(int(m.changed.UnixNano()))
}

func (f *files) len() int                      { return f.sizes.Len() }
func (f *files) name(i int) string             { return f.paths.At(i) }
func (f *files) names() iter.Seq2[int, string] { return f.paths.All() }
func (f *files) size(i int) int64              { return int64(f.sizes.At(i)) }
func (f *files) lastChange(i int) time.Time    { return time.Unix(0, int64(f.changed.At(i))) }
func (f *files) all() iter.Seq2[int, member] {
	return func(yield func(int, member) bool) {
		for i, name := range f.names() {
			if !yield(i, member{name, f.size(i), f.lastChange(i)}) {
				return
			}
		}
	}
}

// items are the pictures of a set, each a member of its store.
type items struct {
	members, labels column.Ints
	splits          column.Ints // indices into splitNames, or none
}

func (x *items) add(member, label int, split int8) {
	x.members.Append(member)
	x.labels.Append(label)
	x.splits.Append(int(split))
}

func (x *items) len() int         { return x.members.Len() }
func (x *items) member(i int) int { return x.members.At(i) }
func (x *items) label(i int) int  { return x.labels.At(i) }

func (x *items) split(i int) string {
	if k := x.splits.At(i); k != none {
		return splitNames[k]
	}
	return ""
}
