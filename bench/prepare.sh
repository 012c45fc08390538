#!/usr/bin/env bash
#
# Makes the peers' virtual environment and the data that both sides work on, once.
# Prints the folder that holds them: $GOTUNE_BENCH, or one in the user's cache.
set -euo pipefail
cd "$(dirname "$0")"

dir=${GOTUNE_BENCH:-${XDG_CACHE_HOME:-$HOME/.cache}/gotune/bench}
python=$dir/venv/bin/python
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9

if ! cmp -s requirements.txt "$dir/venv/requirements.txt"; then
  echo "bench: installing the peers into $dir/venv: 6 GB, once" >&2
  python3 -m venv --clear "$dir/venv"
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt >&2
  cp requirements.txt "$dir/venv/"
fi
if ! cmp -s data.py "$dir/data/data.py"; then
  rm -rf "$dir/data"
  mkdir "$dir/data"
  "$python" data.py .. "$dir/data" >&2
  cp data.py "$dir/data/"
fi
echo "$dir"
