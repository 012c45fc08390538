package imageset

import (
	"fmt"
	"strings"
)

// Report says what Open found beside the pictures and left out.
type Report struct {
	Pictures int
	Hidden   int // files and folders whose names begin with a dot, and the like
	Other    int // files that are no pictures by their names
	Outside  int // pictures beside the class folders, which have no class
	Beside   int // pictures beside the splits, which are in none of them
	Strange  int // pictures of the test split whose folder is no class: they have no label

	base string // the outer folder of an archive: "photos-main/"
}

// String is a line for the user: counts that are zero are left out.
func (r Report) String() string {
	parts := []string{fmt.Sprintf("%d pictures", r.Pictures)}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(r.Hidden, "hidden left out")
	add(r.Other, "other files left out")
	add(r.Outside, "pictures outside class folders left out")
	add(r.Beside, "pictures beside the splits left out")
	add(r.Strange, "test pictures in folders that are no class count as unlabelled")
	return strings.Join(parts, ", ")
}
