#!/usr/bin/env bash
# Fine-tunes the bundled ResNet-50 as bench/ACCURACY.md has it, and prints the
# table's rows. Six minutes on two idle cores.
#
# usage: bench/accuracy.sh HYMENOPTERA CATS-DOGS [RUNS]
#
# HYMENOPTERA holds train/ and val/, CATS-DOGS train/ and test/, each with a folder
# for each class. A run that is there already is not repeated.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $# -ge 2 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
hymenoptera=$1 pets=$2 runs=${3:-runs/accuracy}
mkdir -p "$runs"

# row NAME DATA TRAINS RATE SEED FLAGS...: a run, and what it reached after each
# epoch.
row() {
	local name=$1 data=$2 trains=$3 rate=$4 seed=$5
	shift 5
	if [[ ! -s $runs/$name.json ]]; then
		rm -rf "${runs:?}/$name"
		bin/vggft train "$@" --model resnet50-imagenet --head linear --augment crop --weight-decay 0.01 \
			--lr "$rate" --seed "$seed" --out "$runs/$name" --json >"$runs/$name.part" 2>"$runs/$name.log"
		mv "$runs/$name.part" "$runs/$name.json"
	fi
	# The last one is the best epoch's, once more.
	grep -o '"val_accuracy":[0-9.]*' "$runs/$name.json" | sed 's/.*://; $d' | awk -v row="| $data | $trains | $rate | $seed |" \
		'{ row = row sprintf("%s %.3f", NR > 1 ? "," : "", $1) } END { print row " |" }'
}

head=(--freeze '!head') stage=(--freeze '!layer4,!head')
for seed in 1 2 3; do
	row "hymenoptera-head-$seed" hymenoptera head 1e-3 "$seed" "$hymenoptera" --epochs 5 "${head[@]}"
done
row hymenoptera-layer4 hymenoptera 'layer4 + head' 1e-4 1 "$hymenoptera" --epochs 5 "${stage[@]}"
row pets-head cats-dogs head 1e-3 1 "$pets/train" --val "$pets/test" --epochs 3 "${head[@]}"
row pets-layer4 cats-dogs 'layer4 + head' 1e-4 1 "$pets/train" --val "$pets/test" --epochs 3 "${stage[@]}"
