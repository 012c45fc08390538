#!/usr/bin/env bash
#
# Builds and runs a program of somebody else's: a module outside the clone, with
# nothing but the variables that `install-libtorch.sh --env` prints. It also
# builds the README's own example of the library there.
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

# The README's example: the one block that begins with ```go. It leaves its
# imports and main to the reader.
readme=$(awk '/^```go$/ { on = 1; next } /^```/ { on = 0 } on' "$root/README.md")
[[ $readme == "func fineTune(ctx context.Context, dir, data string) error {"* ]] ||
  { echo "user program: README.md has no fineTune in a block of Go"; exit 1; }
mkdir readme
cat >readme/main.go <<END
// Command readme is README.md's example.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/train"
)

func main() {
	if err := fineTune(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

$readme
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
go vet ./readme
go build -o fine-tune ./readme

# The example trains: a few texts, and a model that Hugging Face opens.
printf 'text,label\n' >films.csv
for i in 1 2 3 4; do printf 'a fine film %s,pos\na dull film %s,neg\n' "$i" "$i"; done >>films.csv
OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=100000 ./fine-tune "$root/weights/minilm-l6-h384-uncased" films.csv 2>log ||
  { tail -20 log; echo "user program: README.md's example fails"; exit 1; }
grep -q 'INFO step i=' log || { cat log; echo "user program: README.md's example makes no step"; exit 1; }
[[ -s model/model.safetensors && -s model/config.json && -s model/vocab.txt ]] ||
  { ls model; echo "user program: README.md's example saves no model"; exit 1; }

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
echo "user program: built outside the clone, prints $got, needs $needed; README.md's example builds and trains"
