#!/usr/bin/env bash
#
# Makes the tests' expectations anew: runs the scripts of hack/goldens, which
# ask PyTorch, torchvision, Hugging Face, Keras, scikit-learn, PIL and others.
# Look at `git diff` afterwards: most files come out the same to the byte; PyTorch's
# old format holds memory addresses, and some .h5 and .zip files the time. Takes
# some ten minutes.
#
# usage: hack/golden.sh [WORD...]   only the scripts whose path holds a WORD
#
# GOTUNE_PYTHON names a Python with the packages of hack/goldens/requirements.txt;
# without it they go to ~/.cache/gotune/oracle (about 7 GB, most of it torch).
# What needs something that is not there is skipped, and listed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

words=("$@")
requirements=hack/goldens/requirements.txt
shared=${GOTUNE_SHARED:-$PWD/../shared} # as in internal/sharedtest
skipped=()
failed=()

python=${GOTUNE_PYTHON:-}
if [[ -z $python ]]; then
	venv=${XDG_CACHE_HOME:-$HOME/.cache}/gotune/oracle
	python=$venv/bin/python
	if ! cmp -s "$requirements" "$venv/requirements.txt"; then
		echo "golden: installing $requirements into $venv"
		python3 -m venv "$venv"
		"$python" -m pip install --quiet -r "$requirements"
		cp "$requirements" "$venv/requirements.txt" # last: it says that the rest is whole
	fi
fi
"$python" -c '' || { echo "golden: $python does not run" >&2; exit 1; }

# A script must not write into the folder of its sources, nor ask a network.
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES=

picked() {
	(( ${#words[@]} )) || return 0
	local w
	for w in "${words[@]}"; do [[ $1 != *"$w"* ]] || return 0; done
	return 1
}

# Says why the script $1 cannot run, or nothing. $2 is what it needs, by commas:
# a Python module, a program (bin:NAME), or a file or folder (with a slash).
missing() {
	local need
	for need in ${2//,/ }; do
		case $need in
			bin:*) command -v "${need#bin:}" >/dev/null || echo "${need#bin:} is not installed (libjpeg-turbo-progs has cjpeg and jpegtran)" ;;
			*/*) [[ -e $need ]] || echo "$need is not there" ;;
			*) "$python" -c "import importlib.util as u, sys; sys.path.pop(0); sys.exit(u.find_spec('$need') is None)" ||
				echo "$python has no $need ($requirements)" ;;
		esac
	done | head -1
}

# golden NEEDS OUT SCRIPT ARGUMENT...: OUT is the file that takes the standard
# output, through a copy, so that a script that fails leaves the old one; or "-".
golden() {
	local needs=$1 out=$2 script=hack/goldens/$3 why log
	shift 3
	picked "$script" || return 0
	why=$(missing "$script" "$needs")
	if [[ -n $why ]]; then
		skipped+=("$script: $why")
		return
	fi
	echo "golden: $script"
	log=$(mktemp)
	if [[ $out == - ]]; then
		"$python" "$script" "$@" >"$log" 2>&1 || failed+=("$script")
	else
		if "$python" "$script" "$@" >"$out.new" 2>"$log"; then mv "$out.new" "$out"; else failed+=("$script"); rm -f "$out.new"; fi
	fi
	[[ ${#failed[@]} == 0 || ${failed[-1]} != "$script" ]] || tail -20 "$log" >&2
	rm -f "$log"
}

export KERAS_BACKEND=torch

golden scipy,PIL - pixels/warp.py internal/pixels/testdata/warp
golden torchvision,PIL - pixels/jitter.py internal/pixels/testdata/jitter
golden keras,torch,scipy,PIL - pixels/keras.py internal/pixels/testdata/keras
golden cv2,PIL,bin:cjpeg,bin:jpegtran - pixels/decode.py internal/pixels/testdata/decode
golden sklearn,scipy,statsmodels internal/metrics/testdata/metrics.json metrics/metrics.py
golden torch,transformers pkg/schedule/testdata/schedules.json schedule/schedules.py
golden tensorboard - tensorboard/events.py internal/tensorboard/testdata/events.bin
golden torch,safetensors - tensorfile/torch_files.py
golden h5py,ml_dtypes,safetensors - tensorfile/hdf5_files.py
golden keras,torch,h5py,safetensors - tensorfile/keras_files.py
golden tokenizers,transformers - tokenizer/goldens.py
golden tokenizers - tokenizer/unicode.py
golden torch pkg/torch/testdata/golden.json torch/golden.py
golden torch,transformers - train/parity.py
golden torch,transformers,safetensors - bert/bert.py weights/minilm-l6-h384-uncased
golden torch,transformers,safetensors - bert/hidden.py
golden torch,transformers,safetensors - bert/files.py
golden torch,torchvision,h5py - vision/small_files.py
golden torch,torchvision,safetensors - vision/parity.py
golden torch,torchvision pkg/vision/testdata/blend.json vision/blend.py
golden torch,torchvision - vision/features.py
golden torch,torchvision,PIL,safetensors,"$shared/models/vgg16-block1-2" - vision/files.py "$shared"
golden keras,torch,h5py,PIL - vision/keras_vgg16.py

# These write nothing: they hold what Go writes or computes against Python's.
golden torch,safetensors,bin:go - tensorfile/check_write.py
golden keras,torch,torchvision,safetensors,bin:go - tensorfile/check_keras.py

# tokenizer/reopen.py is run by the test of internal/wordpiece (GOTUNE_PYTHON);
# the numbers that shuffle/perm.py and grouped.py print stand in the tests of
# internal/shuffle and pkg/train.
for s in "${skipped[@]}"; do echo "golden: skipped $s"; done
if ((${#failed[@]})); then
	printf 'golden: failed: %s\n' "${failed[*]}" >&2
	exit 1
fi
git diff --stat 2>/dev/null || true
