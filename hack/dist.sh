#!/usr/bin/env bash
#
# Packs dist/gotune-VERSION-linux-ARCH.tar.gz: the programs, the libraries they
# need but the C library's own, the bundled weights and all licences. It runs
# where there is neither Go nor Python, on a C library as old as the one here.
# The variables of `install-libtorch.sh --env` must be set.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."

say() { printf '%s\n' "dist: $*"; }
die() { say "$*" >&2; exit 1; }
# shellcheck disable=SC2016 # the command is shown, not run
[[ ${CGO_LDFLAGS:-} == *-Wl,-rpath,* ]] || die 'first: eval "$(hack/install-libtorch.sh --env)"'
for tool in go g++ strip readelf ldd; do
  command -v "$tool" >/dev/null || die "$tool is missing; apt-get install g++ binutils"
done

libtorch=${CGO_LDFLAGS#*-Wl,-rpath,} libtorch=${libtorch%%/lib *}
[[ -d $libtorch/licenses/torch ]] ||
  die "$libtorch has no licence of libtorch, so it must not be passed on; install it from the wheel: hack/install-libtorch.sh without LIBTORCH"

version=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
when=$(git log -1 --format=%ct 2>/dev/null || echo 0)
name=gotune-$version-linux-$(go env GOARCH)
out=dist/$name
rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/licenses"

# The linker gets the programs' own way to lib/ instead of this machine's: a
# change of CGO_LDFLAGS would compile gotch anew.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/ld" <<'END'
#!/bin/bash
args=()
for a; do
  [[ $a != -Wl,-rpath,* ]] || a='-Wl,-rpath,$ORIGIN/../lib'
  args+=("$a")
done
exec g++ "${args[@]}"
END
chmod +x "$tmp/ld"
say "building (the first time compiles libtorch's binding without this machine's paths, 3 minutes)"
stamp=()
git rev-parse HEAD >/dev/null 2>&1 || stamp=(-buildvcs=false)
go build "${stamp[@]}" -trimpath -ldflags "-s -w -linkmode=external -extld=$tmp/ld" -o "$out/bin/" ./cmd/...

# What the loader asks for, less what every Linux has. libstdc++ comes along: an
# older one lacks what the compiler here relies on.
for bin in "$out"/bin/*; do
  LD_LIBRARY_PATH=$libtorch/lib ldd "$bin"
done | awk '$2 == "=>" { print $3 }' | sort -u | while read -r lib; do
  case ${lib##*/} in
    libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libutil.so.* | ld-linux*) ;;
    not) die "a library is missing: $(ldd "$out"/bin/* | grep 'not found')" ;;
    *) cp -L "$lib" "$out/lib/" ;;
  esac
done
# A fifth of libtorch is names for debuggers. NVIDIA's libraries stay untouched.
strip --strip-unneeded "$out"/lib/libtorch_cpu.so "$out"/lib/libc10.so

# licences DIR NAME copies what a folder says of its terms.
licences() {
  local f
  for f in "$1"/{LICENSE,LICENCE,COPYING,NOTICE,License,license}*; do
    [[ -f $f ]] || continue
    mkdir -p "$out/licenses/$2"
    cp -L --no-preserve=mode "$f" "$out/licenses/$2/"
  done
}
cp LICENSE "$out/"
for d in "$libtorch"/licenses/*/; do
  d=${d%/}
  case ${d##*/} in torch | nvidia_cuda_runtime | nvidia_cuda_cupti) licences "$d" "${d##*/}" ;; esac
done
licences "$(go env GOROOT)" go
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/... | sort -u |
  while read -r path dir; do licences "$dir" "$path"; done
if [[ -r /usr/share/doc/libstdc++6/copyright ]]; then
  mkdir -p "$out/licenses/libstdc++" && cp -L /usr/share/doc/libstdc++6/copyright "$out/licenses/libstdc++/"
fi

cp -r weights "$out/"
rm "$out/weights/go.mod"
glibc=$(for f in "$out"/bin/* "$out"/lib/*; do readelf -V "$f"; done | grep -oE 'GLIBC_2\.[0-9]+' | sort -Vu | tail -1)
cat >"$out/README" <<END
gotune $version for Linux on $(uname -m)

Fine-tune pretrained models. Nothing needs to be installed; the C library must
be ${glibc/_/ } or newer (getconf GNU_LIBC_VERSION).

$(for bin in "$out"/bin/*; do printf '  bin/%s --help\n' "${bin##*/}"; done)
  bin/bertft train weights/samples/imdb-2000.csv --model minilm-l6-h384-uncased --out runs/first

This runs on the CPU. For NVIDIA GPUs, get gotune's source and run
  hack/install-libtorch.sh --cuda --prefix "\$PWD/libtorch"
then copy libtorch/lib/* into lib/ here.

gotune is under the Apache License 2.0 (LICENSE). The other parts are under the
terms in licenses/ and in weights/*/LICENSE.
END

archive=$name.tar.gz
tar -C dist --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$when" -cf - "$name" | gzip -n -6 >"dist/$archive.tmp"
mv "dist/$archive.tmp" "dist/$archive"
(cd dist && sha256sum "$archive" >"$archive.sha256")
say "dist/$archive: $(du -sm "dist/$archive" | cut -f1) MB, $(du -sm "$out" | cut -f1) MB unpacked (libtorch $(du -sm "$out/lib" | cut -f1) MB), for ${glibc/_/ } or newer"
