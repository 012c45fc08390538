#!/usr/bin/env bash
#
# Prints the packages that build and test without libtorch (pure), or the others
# (torch). A package counts as what its tests import, too.
set -euo pipefail

kind=${1:-}
[[ $kind == pure || $kind == torch ]] || { echo "usage: hack/packages.sh pure|torch" >&2; exit 2; }

# A test variant is listed as "p [p.test]", "p_test [p.test]" or "p.test".
CGO_ENABLED=1 go list -test -f $'{{.ImportPath}}\t{{join .Deps " "}}' ./... | awk -F '\t' -v kind="$kind" '
  {
    p = $1
    sub(/ \[.*/, "", p); sub(/\.test$/, "", p); sub(/_test$/, "", p)
    all[p]
    if ($2 ~ /github\.com\/sugarme\/gotch/) torch[p]
  }
  END { for (p in all) if ((p in torch) == (kind == "torch")) print p }' | sort
