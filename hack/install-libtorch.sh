#!/usr/bin/env bash
#
# Installs the libtorch that gotune builds and runs on. See --help.
#
# The prefix it makes:
#
#   include/    ATen's headers and gotune_compat.h
#   lib/        libtorch_cpu.so, libc10.so and what they need; with --cuda also
#               libtorch_cuda.so, which programs open only when asked for a GPU
#   link/       an empty linker script for each library that gotch links and
#               libtorch_cpu.so does not need; it stands before lib/ on the
#               linker's path, so no program depends on CUDA
#   licenses/   libtorch's and NVIDIA's
set -euo pipefail

version=2.11.0
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
layout=1 # raise it when a prefix of before must be made anew

# What pip downloads: requirement, SHA-256, megabytes. torch's metadata names
# the versions; libtorch_cpu.so itself needs two of NVIDIA's libraries.
wheels_cpu="
torch==2.11.0                  7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a 531
nvidia-cuda-runtime==13.0.96   7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548 3
nvidia-cuda-cupti==13.0.85     4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8 11
"
wheels_cuda="
nvidia-cublas==13.1.0.3        ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171 424
nvidia-cuda-nvrtc==13.0.88     ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575 91
nvidia-cudnn-cu13==9.19.0.56   d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf 367
nvidia-cufft==12.0.0.61        6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3 215
nvidia-cufile==1.15.1.6        08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44 2
nvidia-curand==10.4.0.35       1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc 60
nvidia-cusolver==12.0.4.66     0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112 201
nvidia-cusparse==12.6.3.3      2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b 146
nvidia-cusparselt-cu13==0.8.0  25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd 170
nvidia-nccl-cu13==2.28.9       e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42 197
nvidia-nvjitlink==13.0.88      13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b 41
nvidia-nvshmem-cu13==3.4.5     290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80 61
nvidia-nvtx==13.0.85           4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4 1
"

# The linker must find these names, and nothing in them.
stubs="torch cuda cudart cublas cudnn caffe2_nvrtc nvrtc-builtins nvrtc nvToolsExt c10_cuda torch_cuda"

usage() {
  cat <<END
usage: hack/install-libtorch.sh [--cuda] [--prefix DIR] [--env]

Installs libtorch $version, once; the second time it does nothing.

  --cuda         add what a GPU needs: libtorch_cuda and NVIDIA's libraries
  --prefix DIR   install there (default: ~/.cache/gotune/libtorch-$version-cpu)
  --env          also print the export lines that "go build" needs:
                   eval "\$(hack/install-libtorch.sh --env)"

It takes libtorch from the first of these that is there:

  LIBTORCH=DIR            a libtorch $version: a folder with include/ and lib/
  LIBTORCH_USE_PYTORCH=1  the PyTorch $version of \$PYTHON (default: python3)
  pip                     PyTorch's wheel, of which it unpacks only libtorch
  curl                    PyTorch's own libtorch zip

Downloads are checked by SHA-256 and kept in DIR.downloads until the install is
done, for good with GOTUNE_KEEP_DOWNLOADS=1. On a machine without a network, put
the wheels there by hand, or set GOTUNE_DOWNLOADS to the folder that has them.
GOTUNE_LIBTORCH_URL and GOTUNE_LIBTORCH_SHA256 stand in for the zip's own.
END
}

say() { printf '%s\n' "libtorch: $*" >&2; }
die() { say "$*"; exit 1; }
wrong() { say "$*; see hack/install-libtorch.sh --help"; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

cuda=0 env=0 prefix=
while (($#)); do
  case $1 in
    --cuda) cuda=1 ;;
    --env) env=1 ;;
    --prefix) prefix=${2:-}; [[ $prefix ]] || wrong "--prefix wants a folder"; shift ;;
    --prefix=*) prefix=${1#*=}; [[ $prefix ]] || wrong "--prefix wants a folder" ;;
    -h | --help) usage; exit 0 ;;
    *) wrong "unknown argument $1" ;;
  esac
  shift
done

if [[ -z $prefix ]]; then
  [[ ${XDG_CACHE_HOME:-}${HOME:-} ]] || die "neither HOME nor XDG_CACHE_HOME is set; give --prefix DIR"
  prefix=${XDG_CACHE_HOME:-$HOME/.cache}/gotune/libtorch-$version-cpu
fi
[[ $prefix == /* ]] || prefix=$PWD/$prefix
prefix=${prefix%/}
# The path goes through cgo's flags and the linker's -rpath, which split there.
[[ $prefix != *[[:space:]\'\"\\\$\`,:\;\&\|\<\>\(\)*?#]* ]] ||
  die "the compiler's flags cannot hold the path '$prefix'; give --prefix with one that has no spaces, quotes, commas or colons"

downloads=${GOTUNE_DOWNLOADS:-$prefix.downloads}
stage=$prefix.new
source_wanted=
if [[ ${LIBTORCH:-} ]]; then
  source_wanted=LIBTORCH=${LIBTORCH%/}
elif [[ ${LIBTORCH_USE_PYTORCH:-0} == 1 ]]; then
  source_wanted=LIBTORCH_USE_PYTORCH=${PYTHON:-python3}
fi

print_env() {
  cat <<END
export CGO_ENABLED=1
export CGO_CXXFLAGS="-O1 -D_GLIBCXX_USE_CXX11_ABI=1 -I$prefix/include -I$prefix/include/torch/csrc/api/include -include gotune_compat.h"
export CGO_LDFLAGS="-L$prefix/link -L$prefix/lib -Wl,-rpath,$prefix/lib -Wl,--disable-new-dtags"
END
}

# installed says whether the prefix holds what is asked for. It starts no other
# process: make runs it before every build.
installed() {
  local key value f
  local -A is=()
  [[ -r $prefix/gotune.manifest ]] || return 1
  while IFS='=' read -r key value; do is[$key]=$value; done <"$prefix/gotune.manifest"
  [[ ${is[version]:-} == "$version" && ${is[layout]:-} == "$layout" ]] || return 1
  ((!cuda || ${is[cuda]:-0})) || return 1
  [[ -z $source_wanted || ${is[source]:-} == "$source_wanted" ]] || return 1
  for f in include/torch/csrc/api/include/torch/torch.h lib/libtorch_cpu.so lib/libc10.so; do
    [[ -s $prefix/$f ]] || return 1
  done
  ((!${is[cuda]:-0})) || [[ -s $prefix/lib/libtorch_cuda.so ]] || return 1
  for f in $stubs; do [[ -s $prefix/link/lib$f.so ]] || return 1; done
  [[ -r $prefix/include/gotune_compat.h && $(<"$prefix/include/gotune_compat.h") == "$(<"$here/gotune_compat.h")" ]]
}

# version_of prints the version of the libtorch in folder $1, from its headers.
version_of() {
  local h
  for h in "$1"/include/torch/headeronly/version.h "$1"/include/torch/csrc/api/include/torch/version.h; do
    [[ -r $h ]] || continue
    awk '$1 == "#define" && $2 ~ /^TORCH_VERSION_(MAJOR|MINOR|PATCH)$/ && $3 ~ /^[0-9]+$/ { v = v s $3; s = "." }
         END { if (v != "") { print v; exit 0 } exit 1 }' "$h" && return
  done
  return 1
}

# check_version says in one line why the libtorch in folder $1 will not do.
check_version() {
  local v
  [[ -d $1/include && -d $1/lib ]] || die "$2: no include/ and lib/ in $1"
  v=$(version_of "$1") || die "$2: $1/include has no version header of libtorch; it must be version $version"
  [[ $v == "$version" ]] || die "$2: $1 is libtorch $v, gotune is built on $version; unset ${2%%=*} to install that beside it"
  [[ -e $1/lib/libtorch_cpu.so ]] || die "$2: no libtorch_cpu.so in $1/lib"
}

# need_space stops an install that cannot end well. $1 is megabytes.
need_space() {
  local free
  free=$(df -Pk "${prefix%/*}" | awk 'NR == 2 { print int($4 / 1024) }')
  [[ ! $free || $free -ge $1 ]] || die "${prefix%/*} has $free MB free, the install takes $1 MB; make room, or give --prefix on another disk"
}

checksum() {
  if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | { read -r sum _; printf '%s' "$sum"; }
}

# unpack FILE FOLDER MEMBER…: a member is a file, or a folder ending in /.
unpack() {
  local file=$1 to=$2 m
  shift 2
  if have unzip; then
    local globs=()
    for m; do globs+=("${m/%\//\/*}"); done
    unzip -q -o "$file" "${globs[@]}" -d "$to"
  elif have "${PYTHON:-python3}"; then
    "${PYTHON:-python3}" - "$file" "$to" "$@" <<'END'
import fnmatch, sys, zipfile
file, to, *members = sys.argv[1:]
with zipfile.ZipFile(file) as z:
    names = z.namelist()
    for m in members:
        found = fnmatch.filter(names, m + "*" if m.endswith("/") else m)
        if not found:
            sys.exit(f"{file}: no {m}")
        z.extractall(to, found)
END
  elif have bsdtar; then
    bsdtar -xf "$file" -C "$to" "${@%/}"
  else
    die "cannot unpack $file; apt-get install unzip"
  fi
}

# from_links lays the prefix out as links into folder $1: an unpacked libtorch,
# or an installed PyTorch, whose CUDA libraries are its neighbours.
from_links() {
  local f
  mkdir -p "$stage/include" "$stage/lib"
  for f in "$1"/include/*; do ln -s "$f" "$stage/include/"; done
  for f in "$1"/lib/*.so* "$1"/../nvidia/*/lib/*.so*; do
    case ${f##*/} in
      '*.so*' | libtorch_python.so | libshm* | libjitbackend_test.so | libtorchbind_test.so | libbackend_with_compiler.so) ;;
      *) ln -sf "$(cd "${f%/*}" && pwd)/${f##*/}" "$stage/lib/" ;;
    esac
  done
  for f in "$1"/../torch-"$version"*.dist-info/licenses/*; do
    [[ -f $f ]] && mkdir -p "$stage/licenses/torch" && ln -s "$f" "$stage/licenses/torch/"
  done
  return 0
}

from_libtorch() {
  local dir
  dir=$(cd "$LIBTORCH" 2>/dev/null && pwd) || die "LIBTORCH=$LIBTORCH: no such folder"
  check_version "$dir" "LIBTORCH=$LIBTORCH"
  from_links "$dir"
}

from_pytorch() {
  local python=${PYTHON:-python3} dir
  have "$python" || die "LIBTORCH_USE_PYTORCH=1: no $python; set PYTHON to the interpreter that has PyTorch"
  dir=$("$python" -c 'import importlib.util as u
s = u.find_spec("torch")
print(s.submodule_search_locations[0] if s else "")') || dir=
  [[ $dir ]] || die "LIBTORCH_USE_PYTORCH=1: $python has no PyTorch; set PYTHON to the interpreter that has it"
  check_version "$dir" "LIBTORCH_USE_PYTORCH=1"
  from_links "$dir"
}

# wheel_file prints the downloaded file of requirement $1, if it is there.
wheel_file() {
  local name=${1%%==*} f
  for f in "$downloads/${name//-/_}-${1##*==}-"*.whl; do
    [[ -f $f ]] && printf '%s' "$f" && return
  done
  return 1
}

find_pip() {
  local p
  for p in "${PYTHON:-python3} -m pip" pip3 pip; do
    read -ra pip <<<"$p"
    have "${pip[0]}" && "${pip[@]}" --version >/dev/null 2>&1 && return
  done
  pip=()
  return 1
}

# fetch_wheel downloads requirement $1 with SHA-256 $2, unless it is there. The
# Python version and platform are named, so that the host's do not matter.
fetch_wheel() {
  local f glibc platforms=()
  if f=$(wheel_file "$1"); then
    [[ $(checksum "$f") == "$2" ]] && return
    say "$f is damaged; downloading it again"
    rm -f "$f"
  fi
  for glibc in {28..17}; do platforms+=(--platform "manylinux_2_${glibc}_x86_64"); done
  # pip unpacks nothing here, but it writes to TMPDIR first, and /tmp is often
  # too small; its cache would be a second copy, held in memory by older ones.
  TMPDIR=$downloads/tmp PIP_REQUIRE_VIRTUALENV=0 PIP_RESUME_RETRIES=10 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    "${pip[@]}" download --no-cache-dir --no-deps --only-binary=:all: --python-version 3.11 --implementation cp \
    --abi cp311 "${platforms[@]}" --platform manylinux2014_x86_64 -d "$downloads" "$1" >&2 || return 1
  f=$(wheel_file "$1") || return 1
  [[ $(checksum "$f") == "$2" ]] ||
    die "$f: SHA-256 is not $2; remove the file, and see which package index pip uses (pip config list)"
}

# wheels prints the list of what --cuda, or its absence, asks for.
wheels() {
  printf '%s' "$wheels_cpu"
  ((!cuda)) || printf '%s' "$wheels_cuda"
}

fetch_wheels() {
  local req sum mb total=0
  while read -r req sum mb; do
    [[ ! $req ]] || total=$((total + mb))
  done < <(wheels)
  need_space $((total * 25 / 10)) # the wheels, and what is unpacked beside them
  mkdir -p "$downloads/tmp"
  while read -r req sum mb; do
    [[ ! $req ]] || fetch_wheel "$req" "$sum" || return 1
  done < <(wheels)
}

unpack_wheels() {
  local req f torch=(torch/include/ torch/lib/libtorch_cpu.so torch/lib/libc10.so torch/lib/libgomp.so.1)
  ((!cuda)) || torch+=(torch/lib/libtorch_cuda.so torch/lib/libtorch_cuda_linalg.so torch/lib/libtorch_nvshmem.so
    torch/lib/libc10_cuda.so torch/lib/libcaffe2_nvrtc.so)
  mkdir -p "$stage/wheel" "$stage/lib" "$stage/licenses"
  while read -r req _; do
    [[ $req ]] || continue
    f=$(wheel_file "$req")
    case $req in
      torch==*) unpack "$f" "$stage/wheel" "${torch[@]}" "torch-$version.dist-info/" ;;
      nvidia-cuda-runtime==*) unpack "$f" "$stage/wheel" '*/lib/libcudart.so.13' '*.dist-info/*' ;;
      nvidia-cuda-cupti==*) unpack "$f" "$stage/wheel" '*/lib/libcupti.so.13' '*.dist-info/*' ;;
      *) unpack "$f" "$stage/wheel" '*' ;;
    esac
  done < <(wheels)
  mv "$stage/wheel/torch/include" "$stage/include"
  mv "$stage"/wheel/torch/lib/* "$stage"/wheel/nvidia/*/lib/*.so* "$stage/lib/"
  for f in "$stage"/wheel/{*.dist-info,*.dist-info/licenses,nvidia/*}/{LICENSE,License,NOTICE}*; do
    [[ -f $f ]] || continue
    req=${f#"$stage/wheel/"} req=${req#nvidia/}
    mkdir -p "$stage/licenses/${req%%[-/]*}"
    mv "$f" "$stage/licenses/${req%%[-/]*}/"
  done
  rm -rf "$stage/wheel"
}

# fetch_zip downloads $1 to $2 and goes on where a cut connection left it, until
# five tries in a row have brought nothing.
fetch_zip() {
  local part=$2.part failures=0 had=0 now code status
  while ((failures < 5)); do
    code=0
    status=$(curl --fail --location --speed-limit 1000 --speed-time 60 --continue-at - --write-out '%{http_code}' \
      --output "$part" "$1") || code=$?
    case $code/$status in
      0/*) mv "$part" "$2"; return ;;
      33/* | */416) rm -f "$part" ;; # the server cannot resume, or the part is of another file
      22/4*) return 1 ;;
      6/* | 7/*) ((failures < 2)) || return 1 ;; # no such host, or nobody listens
    esac
    now=0
    [[ ! -f $part ]] || now=$(wc -c <"$part")
    failures=$((now > had ? 0 : failures + 1)) had=$now
    say "the connection was cut at $((now / 1000000)) MB; going on"
    sleep "${GOTUNE_RETRY_SECONDS:-3}"
  done
  return 1
}

# name_zip sets zip and url.
name_zip() {
  local flavour=cpu
  ((!cuda)) || flavour=cu130
  url=${GOTUNE_LIBTORCH_URL:-https://download.pytorch.org/libtorch/$flavour/libtorch-shared-with-deps-$version%2B$flavour.zip}
  zip=$downloads/libtorch-$version-$flavour.zip
}

unpack_zip() {
  local sum=${GOTUNE_LIBTORCH_SHA256:-}
  [[ $sum || ! -r $zip.sha256 ]] || read -r sum _ <"$zip.sha256"
  if [[ ! $sum ]]; then
    say "no SHA-256 of the zip is known; only the TLS connection vouches for it"
  elif [[ $(checksum "$zip") != "$sum" ]]; then
    mv "$zip" "$zip.bad"
    die "$zip.bad: SHA-256 is not $sum; run this again to download it anew"
  fi
  say "unpacking"
  mkdir -p "$stage"
  unpack "$zip" "$stage" libtorch/include/ libtorch/lib/ || { rm -f "$zip"; die "$zip was damaged; run this again to download it anew"; }
  check_version "$stage/libtorch" "$url"
  mv "$stage/libtorch/include" "$stage/libtorch/lib" "$stage/"
  rm -rf "$stage/libtorch" "$stage"/lib/*.a "$stage"/lib/libtorch_python.so
}

# from_network tries pip, then curl.
from_network() {
  [[ $(uname -sm) == "Linux x86_64" ]] ||
    die "libtorch $version is pinned for Linux on x86_64, this is $(uname -sm); set LIBTORCH to a libtorch $version built for it"
  local glibc
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
  glibc=${glibc#glibc 2.}
  [[ $glibc =~ ^[0-9]+ && ${BASH_REMATCH[0]} -ge 28 ]] ||
    die "libtorch $version needs glibc 2.28 or newer (Debian 10, Ubuntu 20.04, RHEL 8); this system has ${glibc:+2.}${glibc:-none}"
  local remedy="check the network, or put the wheels into $downloads, or set LIBTORCH to a libtorch $version" zip url
  if find_pip || wheel_file "torch==$version" >/dev/null; then
    say "installing libtorch $version from PyTorch's wheel ($( ((cuda)) && echo "2.6 GB" || echo "545 MB") to download, once)"
    if fetch_wheels; then
      source_used=wheel
      say "unpacking"
      unpack_wheels
      return
    fi
    say "pip could not download it"
  fi
  if have curl; then
    name_zip
    need_space $((cuda ? 9000 : 1500))
    mkdir -p "$downloads"
    [[ -f $zip ]] || say "downloading $url"
    if [[ -f $zip ]] || fetch_zip "$url" "$zip"; then
      source_used=zip
      unpack_zip
      return
    fi
    die "no download worked; $remedy"
  fi
  ((${#pip[@]})) || die "neither pip nor curl is here; apt-get install python3-pip, or set LIBTORCH to a libtorch $version"
  die "$remedy"
}

# finish adds what is ours and checks that the loader finds every library.
finish() {
  local f missing
  cp "$here/gotune_compat.h" "$stage/include/"
  mkdir -p "$stage/link"
  for f in $stubs; do echo '/* empty: libtorch_cpu needs none of it */' >"$stage/link/lib$f.so"; done
  if ((cuda)) && [[ ! -e $stage/lib/libtorch_cuda.so ]]; then
    die "$source_used has no libtorch_cuda.so; unset LIBTORCH and LIBTORCH_USE_PYTORCH to install it, or leave --cuda out"
  fi
  if have ldd; then
    missing=$(ldd "$stage"/lib/libtorch_c*.so 2>/dev/null | awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
    [[ -z $missing ]] || die "libtorch needs ${missing% }, which is not in $source_used nor on this system"
  fi
  [[ -e $stage/lib/libtorch_cuda.so ]] && cuda=1
  printf '%s\n' "version=$version" "layout=$layout" "cuda=$cuda" "source=$source_used" >"$stage/gotune.manifest"
}

# swap puts the finished folder in place: it is there whole, or not at all.
swap() {
  sync -f "$stage" 2>/dev/null || sync
  if [[ -e $prefix ]]; then
    mv "$prefix" "$prefix.old"
  fi
  mv "$stage" "$prefix"
  rm -rf "$prefix.old"
}

install() {
  mkdir -p "${prefix%/*}" 2>/dev/null || true
  [[ -w ${prefix%/*} ]] || die "cannot write to ${prefix%/*}; give --prefix DIR"
  exec 9>"$prefix.lock"
  if have flock && ! flock -n 9; then
    say "another install is under way; waiting for it"
    flock 9
  fi
  # A run that was killed between swap's two steps.
  [[ -e $prefix || ! -e $prefix.old ]] || mv "$prefix.old" "$prefix"
  rm -rf "$stage" "$prefix.old"
  if installed; then
    return
  fi
  if [[ -e $prefix/lib && ! -e $prefix/include/gotune_compat.h ]] || [[ -e $prefix && ! -d $prefix ]]; then
    die "$prefix holds something else; give --prefix with a folder that is not there yet"
  fi
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 130' INT TERM

  pip=() source_used=$source_wanted
  case $source_wanted in
    LIBTORCH=*) from_libtorch ;;
    LIBTORCH_USE_PYTORCH=*) from_pytorch ;;
    *) from_network ;;
  esac
  finish
  swap
  if [[ ${GOTUNE_KEEP_DOWNLOADS:-0} != 1 && ! ${GOTUNE_DOWNLOADS:-} ]]; then
    rm -rf "$downloads"
  fi
  say "$version is in $prefix ($(du -shL "$prefix" | cut -f1))"
}

installed || install
if ((env)); then print_env; fi
