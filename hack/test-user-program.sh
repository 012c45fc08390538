#!/usr/bin/env bash
#
# Builds and runs a program of somebody else's: a module outside the clone, with
# nothing but the variables that `install-libtorch.sh --env` prints.
set -euo pipefail

root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

cat >main.go <<'END'
// Command product multiplies two matrices.
package main

import (
	"fmt"
	"os"

	"github.com/gotune/gotune/pkg/torch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	rt, err := torch.Open(torch.Options{})
	if err != nil {
		return err
	}
	defer rt.Close()
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(torch.Version(), s.Floats(s.MatMul(x, s.Transpose(x, 0, 1))))
	return s.Err()
}
END

env=$("$root/hack/install-libtorch.sh" --env)
unset CGO_ENABLED CGO_CFLAGS CGO_CXXFLAGS CGO_LDFLAGS LIBTORCH LD_LIBRARY_PATH
eval "$env"

# What `go get` would do, without asking a network for a version of gotune.
go mod init example.com/product 2>/dev/null
go mod edit -require github.com/gotune/gotune@v0.0.0 -replace "github.com/gotune/gotune=$root"
cp "$root/go.sum" .
export GOFLAGS="${GOFLAGS:-} -mod=mod"
go build -o product .

# It runs from anywhere, and depends on nothing of CUDA's but what libtorch_cpu
# itself needs.
cd /
got=$("$tmp/product")
want="2.11.0 [14 32 32 77]"
[[ $got == "$want" ]] || { echo "user program: got $got, want $want"; exit 1; }
needed=$(readelf -d "$tmp/product" | awk '/NEEDED/ { print $NF }' | tr -d '[]' | sort | tr '\n' ' ')
case $needed in
  *cuda* | *cublas* | *libtorch.so*) echo "user program: depends on $needed"; exit 1 ;;
esac
echo "user program: built outside the clone, prints $got, needs $needed"
