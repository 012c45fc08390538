// A module of its own, without packages, so that `go get` of gotune does not
// pull these files. `go mod download` of it is one way to have them.
module github.com/gotune/gotune/weights

go 1.26.4
