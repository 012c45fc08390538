#!/usr/bin/env bash
#
# Tests install-libtorch.sh on a libtorch of a few kilobytes, served from this
# machine: each source, cut connections, two at once, and every refusal.
set -euo pipefail

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
script=$here/install-libtorch.sh
tmp=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$tmp"' EXIT
unset LIBTORCH LIBTORCH_USE_PYTORCH GOTUNE_DOWNLOADS GOTUNE_KEEP_DOWNLOADS GOTUNE_LIBTORCH_SHA256 XDG_CACHE_HOME
export HOME=$tmp/home GOTUNE_RETRY_SECONDS=0
mkdir "$HOME"

for tool in cc python3 flock; do
  command -v "$tool" >/dev/null || { echo "skip: install-libtorch.sh is not tested without $tool"; exit 0; }
done

passed=0
ok() { passed=$((passed + 1)); }
fail() { printf 'FAIL: %s\n' "$*"; [[ ! -s $tmp/out ]] || sed 's/^/  | /' "$tmp/out"; exit 1; }
# try WANT COMMAND…: the exit status must be WANT; $tmp/out has what it said.
try() {
  local want=$1 got=0
  shift
  "$@" >"$tmp/out" 2>&1 </dev/null || got=$?
  [[ $got == "$want" ]] || fail "exit $got, want $want: $*"
}
says() { grep -qF -- "$1" "$tmp/out" || fail "does not say: $1"; ok; }
there() { [[ -e $1 ]] || fail "missing: $1"; ok; }
absent() { [[ ! -e $1 ]] || fail "left behind: $1"; ok; }

# make_libtorch DIR VERSION: headers, and libraries that the loader accepts.
make_libtorch() {
  mkdir -p "$1/include/torch/headeronly" "$1/include/torch/csrc/api/include/torch" "$1/lib"
  echo '#pragma once' >"$1/include/torch/csrc/api/include/torch/torch.h"
  local n=1 part
  IFS=. read -ra part <<<"$2"
  for n in MAJOR MINOR PATCH; do echo "#define TORCH_VERSION_$n ${part[0]}"; part=("${part[@]:1}"); done \
    >"$1/include/torch/headeronly/version.h"
  echo 'int c10;' | cc -shared -fPIC -x c - -Wl,-soname,libc10.so -o "$1/lib/libc10.so"
  # Incompressible, so that the zip is large enough to be cut in the middle.
  head -c 600000 /dev/urandom >"$tmp/noise"
  printf '.section .note.GNU-stack,"",@progbits\n.section .rodata\n.incbin "%s/noise"\n' "$tmp" >"$tmp/noise.s"
  echo 'extern int c10; int *cpu = &c10;' |
    cc -shared -fPIC "$tmp/noise.s" -x c - -L"$1/lib" -lc10 "-Wl,-rpath,\$ORIGIN" -Wl,--disable-new-dtags -o "$1/lib/libtorch_cpu.so"
}
make_libtorch "$tmp/good" 2.11.0
make_libtorch "$tmp/old" 2.6.0

# ---- arguments

try 0 "$script" --help && says "usage: hack/install-libtorch.sh"
try 2 "$script" --what && says "unknown argument --what"
try 2 "$script" --prefix && says "--prefix wants a folder"
try 1 "$script" --prefix "$tmp/a b" && says "give --prefix with one that has no spaces"
mkdir -p "$tmp/other/lib" && try 1 env LIBTORCH="$tmp/good" "$script" --prefix "$tmp/other" && says "holds something else"
there "$tmp/other/lib"

# ---- LIBTORCH

try 1 env LIBTORCH="$tmp/none" "$script" && says "no such folder"
try 1 env LIBTORCH="$tmp/home" "$script" && says "no include/ and lib/"
try 1 env LIBTORCH="$tmp/old" "$script" && says "is libtorch 2.6.0, gotune is built on 2.11.0"
try 1 env LIBTORCH="$tmp/good" "$script" --cuda && says "has no libtorch_cuda.so"
absent "$HOME/.cache/gotune/libtorch-2.11.0-cpu"
absent "$HOME/.cache/gotune/libtorch-2.11.0-cpu.new"
cp -r "$tmp/good" "$tmp/lame" && rm "$tmp/lame/lib/libc10.so"
try 1 env LIBTORCH="$tmp/lame" "$script" && says "libtorch needs libc10.so"

d=$HOME/.cache/gotune/libtorch-2.11.0-cpu
try 0 env LIBTORCH="$tmp/good" "$script" && says "2.11.0 is in $d"
for f in include/gotune_compat.h include/torch/headeronly/version.h lib/libtorch_cpu.so link/libnvrtc-builtins.so; do there "$d/$f"; done
try 0 env LIBTORCH="$tmp/good" "$script"
[[ ! -s $tmp/out ]] || fail "the second time is not silent"
ok
try 0 "$script" --env && says "export CGO_LDFLAGS=\"-L$d/link -L$d/lib -Wl,-rpath,$d/lib -Wl,--disable-new-dtags\""
(eval "$("$script" --env)" && [[ $CGO_ENABLED == 1 && $CGO_CXXFLAGS == *"-include gotune_compat.h" ]]) || fail "--env does not evaluate"
ok
# Processor time, since others may be busy here: 50 ms each.
TIMEFORMAT='%U %S'
{ time for _ in {1..20}; do "$script"; done; } 2>"$tmp/out"
awk '{ exit !($1 + $2 < 1) }' "$tmp/out" || fail "doing nothing twenty times takes more than a second"
ok
# A library that went away is noticed, and what another layout left is replaced.
rm "$d/lib/libc10.so" && try 0 env LIBTORCH="$tmp/good" "$script" && there "$d/lib/libc10.so"
sed -i 's/layout=.*/layout=0/' "$d/gotune.manifest" && try 0 env LIBTORCH="$tmp/good" "$script" && says "2.11.0 is in"
absent "$d.old"

# ---- an installed PyTorch

mkdir -p "$tmp/site/nvidia/cu13/lib" && cp -r "$tmp/good" "$tmp/site/torch" && touch "$tmp/site/torch/__init__.py"
cp "$tmp/good/lib/libc10.so" "$tmp/site/nvidia/cu13/lib/libcudart.so.13"
try 1 env LIBTORCH_USE_PYTORCH=1 PYTHON="$tmp/nopython" "$script" --prefix "$tmp/py" && says "set PYTHON to the interpreter that has PyTorch"
try 1 env LIBTORCH_USE_PYTORCH=1 PYTHON=python3 PYTHONPATH="$tmp" "$script" --prefix "$tmp/py" && says "has no PyTorch"
try 0 env LIBTORCH_USE_PYTORCH=1 PYTHON=python3 PYTHONPATH="$tmp/site" "$script" --prefix "$tmp/py"
there "$tmp/py/lib/libcudart.so.13"

# ---- pip: what it gives is checked

cat >"$tmp/python" <<'END'
#!/bin/sh
case "$*" in
  "-m pip --version") ;;
  "-m pip download"*) [ "$FAKE_PIP" = wrong ] || exit 1
    while [ "$1" != -d ]; do shift; done; echo wrong >"$2/torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl" ;;
  *) exec python3 "$@" ;;
esac
END
chmod +x "$tmp/python"
try 1 env FAKE_PIP=wrong PYTHON="$tmp/python" "$script" --prefix "$tmp/w" && says "SHA-256 is not 7aa2f9bb"
absent "$tmp/w"

# ---- the zip through curl: pip fails first, then the server cuts the line

(cd "$tmp" && mkdir zip && cp -r good zip/libtorch && cd zip && python3 -m zipfile -c ../libtorch.zip libtorch)
sum=$(sha256sum "$tmp/libtorch.zip" | cut -d' ' -f1)
cat >"$tmp/server.py" <<'END'
# Serves libtorch.zip with ranges. /cut ends each answer after 200,000 bytes,
# /busy also fails in between, /slow takes a second, /plain knows no ranges.
import http.server, sys, time
body = open(sys.argv[1], "rb").read()
class Handler(http.server.BaseHTTPRequestHandler):
    busy = False
    def do_GET(self):
        start = 0
        if self.path == "/busy":  # every second answer is an error
            Handler.busy = not Handler.busy
            if not Handler.busy:
                return self.send_error(503)
        if self.path not in ("/cut", "/busy", "/slow", "/plain"):
            return self.send_error(404)
        r = self.headers.get("Range")
        if r and self.path != "/plain":
            start = int(r.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if self.path == "/slow":
            time.sleep(1)
        end = start + 200_000 if self.path in ("/cut", "/busy") else len(body)
        try:
            self.wfile.write(body[start:end])
        except BrokenPipeError:
            pass
    def log_message(self, format, *args):
        print(self.path, self.headers.get("Range"), file=log, flush=True)
log = open(sys.argv[2], "w")
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(s.server_port, flush=True)
s.serve_forever()
END
python3 "$tmp/server.py" "$tmp/libtorch.zip" "$tmp/log" >"$tmp/port" &
server=$!
for _ in {1..100}; do [[ -s $tmp/port ]] && break; sleep 0.1; done
url=http://127.0.0.1:$(<"$tmp/port")
zip() { env PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL="$url/$1" GOTUNE_LIBTORCH_SHA256="${sum_given-$sum}" "$script" --prefix "$2"; }

if ! command -v curl >/dev/null; then
  echo "install-libtorch.sh: without curl the zip is not tested"
elif [[ $(uname -sm) == "Linux x86_64" ]]; then
  try 0 zip cut "$tmp/z" && says "pip could not download it"
  cmp -s "$tmp/z/lib/libtorch_cpu.so" "$tmp/good/lib/libtorch_cpu.so" || fail "the resumed zip differs"
  [[ $(tr '\n' ';' <"$tmp/log") == "/cut None;/cut bytes=200000-;/cut bytes=400000-;"* ]] || fail "no resume: $(<"$tmp/log")"
  absent "$tmp/z.downloads"
  try 0 zip busy "$tmp/z1" && says "the connection was cut"
  sum_given='' try 0 zip plain "$tmp/z2" && says "only the TLS connection vouches"
  try 1 zip missing "$tmp/z3" && says "put the wheels into $tmp/z3.downloads"
  printf 'PK damaged' >"$tmp/damaged" && mkdir "$tmp/z12.downloads" && cp "$tmp/damaged" "$tmp/z12.downloads/libtorch-2.11.0-cpu.zip"
  sum_given='' try 1 zip slow "$tmp/z12" && says "was damaged; run this again"
  absent "$tmp/z12"
  sum_given=0000 try 1 zip slow "$tmp/z4" && says "SHA-256 is not 0000"
  absent "$tmp/z4"

  # A part that another run left, and a part that is whole.
  mkdir "$tmp/z5.downloads" && head -c 300000 "$tmp/libtorch.zip" >"$tmp/z5.downloads/libtorch-2.11.0-cpu.zip.part"
  try 0 zip slow "$tmp/z5"
  grep -q "/slow bytes=300000-" "$tmp/log" || fail "another run's part is not resumed"
  ok
  mkdir "$tmp/z6.downloads" && cp "$tmp/libtorch.zip" "$tmp/z6.downloads/libtorch-2.11.0-cpu.zip.part"
  try 0 zip slow "$tmp/z6" && there "$tmp/z6/lib/libc10.so"

  # Two at once: one downloads, both end well.
  : >"$tmp/log"
  zip slow "$tmp/z7" >/dev/null 2>&1 & first=$!
  try 0 zip slow "$tmp/z7"
  wait "$first" || fail "the first of two installs at once"
  [[ $(grep -c . "$tmp/log") == 1 ]] || fail "two installs at once downloaded twice: $(<"$tmp/log")"
  ok

  # Killed while it downloads: nothing is left but the lock and the download.
  setsid env PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL="$url/slow" "$script" --prefix "$tmp/z8" >/dev/null 2>&1 & victim=$!
  sleep 0.5 && kill -TERM -- "-$victim"
  wait "$victim" && fail "a killed install ends with 0"
  absent "$tmp/z8" && absent "$tmp/z8.new"

  # Offline with what was kept.
  try 0 env GOTUNE_KEEP_DOWNLOADS=1 PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL="$url/slow" "$script" --prefix "$tmp/z9"
  try 0 env GOTUNE_DOWNLOADS="$tmp/z9.downloads" PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL=http://127.0.0.1:1/ "$script" --prefix "$tmp/z10"
  there "$tmp/z9.downloads/libtorch-2.11.0-cpu.zip"
  try 1 env PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL=http://127.0.0.1:1/ "$script" --prefix "$tmp/z11" && says "check the network"
fi

# ---- a machine that will not do: its commands, replaced

mkdir "$tmp/bin"
stub() { printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1" && chmod +x "$tmp/bin/$1"; }
unfit() { try 1 env PATH="$tmp/bin:$PATH" PYTHON="$tmp/python" GOTUNE_LIBTORCH_URL=http://127.0.0.1:1/ "$script" --prefix "$tmp/u"; }
stub uname 'echo Linux riscv64' && unfit && says "pinned for Linux on x86_64, this is Linux riscv64; set LIBTORCH" && rm "$tmp/bin/uname"
stub getconf 'echo glibc 2.17' && unfit && says "needs glibc 2.28 or newer" && rm "$tmp/bin/getconf"
if [[ $(uname -sm) == "Linux x86_64" ]]; then
  stub df 'echo; echo disk 1 1 20480 1% /' && unfit && says "has 20 MB free, the install takes 1362 MB; make room" && rm "$tmp/bin/df"
fi

echo "install-libtorch.sh: $passed checks passed"
