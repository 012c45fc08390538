#!/usr/bin/env bash
#
# Proves README's two commands on a bare Debian, and the packed programs on a barer
# one. Needs root, debootstrap, the network and 6 GB; takes half an hour.
#
#   hack/test-chroot.sh FOLDER [SUITE]
#
# FOLDER/build gets what README asks for and a clone of this repository's HEAD, where
# `make demo` and `make test` run; FOLDER/bare gets nothing but dist's archive. Both
# are kept, so that a second run is quick; remove FOLDER when done.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
folder=$(realpath -m "${1:?which folder? it needs 6 GB}") suite=${2:-bookworm}
[[ $EUID == 0 ]] || { echo "test-chroot: only root can change the root folder"; exit 1; }
command -v debootstrap >/dev/null || { echo "test-chroot: debootstrap is missing; apt-get install debootstrap"; exit 1; }
goroot=$(go env GOROOT)

# enter ROOT COMMAND runs one in a chroot as a user finds a new machine: no variable
# of ours but the ones that say how to reach the network.
enter() {
  local root=$1
  shift
  local -a network=()
  while IFS= read -r name; do network+=("$name=${!name}"); done < <(compgen -e | grep -iE '^(https?_proxy|no_proxy|pip_|goproxy|gosumdb|ssl_cert)' || true)
  chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin "${network[@]}" \
    bash -c "$*"
}

# root NAME PACKAGES makes FOLDER/NAME once.
root() {
  local dir=$folder/$1
  mkdir -p "$folder"
  if [[ ! -e $dir/etc/made ]]; then
    debootstrap --variant=minbase ${2:+--include="$2"} "$suite" "$dir"
    cp /etc/resolv.conf "$dir/etc/resolv.conf"
    touch "$dir/etc/made"
  fi
  mountpoint -q "$dir/proc" || mount -t proc proc "$dir/proc"
  mountpoint -q "$dir/dev" || { mount --rbind /dev "$dir/dev" && mount --make-rslave "$dir/dev"; }
}

leave() {
  for dir in "$folder"/{build,bare}/{dev,proc}; do
    if mountpoint -q "$dir"; then umount -R -l "$dir"; fi
  done
}
trap leave EXIT

root build ca-certificates,g++,git,make,python3-pip
[[ -d $folder/build/usr/local/go ]] || cp -r "$goroot" "$folder/build/usr/local/go"
# This machine's own way to the network.
for f in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [[ ! -e $f ]] || install -D -m 644 "$f" "$folder/build$f"
done
rm -rf "$folder/build/root/gotune"
git clone -q "$repository" "$folder/build/root/gotune"
echo "== make demo"
enter "$folder/build" 'cd ~/gotune && make demo'
echo "== make test"
enter "$folder/build" 'cd ~/gotune && make test'
echo "== make dist"
enter "$folder/build" 'cd ~/gotune && make dist'

root bare ""
rm -rf "$folder/bare/opt/gotune"
mkdir -p "$folder/bare/opt/gotune"
tar -xzf "$folder"/build/root/gotune/dist/gotune-*.tar.gz --strip-components 1 -C "$folder/bare/opt/gotune"
echo "== the packed programs, without Go, Python or a compiler"
# shellcheck disable=SC2016 # expanded inside
enter "$folder/bare" 'set -e; cd /opt/gotune
  for tool in go python3 g++; do if command -v $tool; then echo "$tool is there"; exit 1; fi; done
  bin/bertft doctor
  bin/vggft doctor
  bin/bertft train weights/samples/imdb-2000.csv --model weights/minilm-l6-h384-uncased --limit 64 --max-length 32 --epochs 1 --out /tmp/run
  bin/bertft predict /tmp/run "A fine film."
  status=0
  bin/bertft predict /tmp/run --device cuda "A fine film." 2>/tmp/error || status=$?
  [[ $status == 2 ]] && grep -q "no libtorch_cuda.so in /opt/gotune/lib" /tmp/error
  rm -r /tmp/run'
echo "test-chroot: all passed"
