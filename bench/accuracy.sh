#!/usr/bin/env bash
# Fine-tunes the bundled ResNet-50 and MiniLM as bench/ACCURACY.md has it, and prints
# the tables' rows. An hour and a half on two idle cores.
#
# usage: bench/accuracy.sh HYMENOPTERA CATS-DOGS ACLIMDB.tar.gz [RUNS]
#
# HYMENOPTERA holds train/ and val/, CATS-DOGS train/ and test/, each with a folder
# for each class; ACLIMDB.tar.gz the 50,000 labelled reviews. A run that is there
# already is not repeated.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $# -ge 3 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
hymenoptera=$1 pets=$2 imdb=$3 runs=${4:-runs/accuracy}
mkdir -p "$runs"

# row NAME COLUMNS PROGRAM FLAGS...: a run, and what it reached after each epoch.
row() {
	local name=$1 columns=$2 program=$3
	shift 3
	if [[ ! -s $runs/$name.json ]]; then
		rm -rf "${runs:?}/$name"
		"bin/$program" train "$@" --out "$runs/$name" --json >"$runs/$name.part" 2>"$runs/$name.log"
		mv "$runs/$name.part" "$runs/$name.json"
	fi
	# The last one is the best epoch's, once more.
	grep -o '"val_accuracy":[0-9.]*' "$runs/$name.json" | sed 's/.*://; $d' | awk -v row="| $columns |" \
		'{ row = row sprintf("%s %.3f", NR > 1 ? "," : "", $1) } END { print row " |" }'
}

resnet=(--model resnet50-imagenet --head linear --augment crop --weight-decay 0.01)
head=(--freeze '!head' --lr 1e-3) stage=(--freeze '!layer4,!head' --lr 1e-4)
for seed in 1 2 3; do
	for p in bf16 fp32; do
		row "head-$p-$seed" "hymenoptera | head | 1e-3 | $p | $seed" vggft "$hymenoptera" --epochs 5 "${resnet[@]}" "${head[@]}" --precision $p --seed $seed
		row "layer4-$p-$seed" "hymenoptera | layer4 + head | 1e-4 | $p | $seed" vggft "$hymenoptera" --epochs 5 "${resnet[@]}" "${stage[@]}" --precision $p --seed $seed
	done
	row "variants-$seed" "hymenoptera | layer4 + head, \`--cache-variants 2\` | 1e-4 | bf16 | $seed" vggft "$hymenoptera" --epochs 5 "${resnet[@]}" "${stage[@]}" --precision bf16 --seed $seed --cache-variants 2 --cache "$runs/cache"
done
row pets-head "cats-dogs | head | 1e-3 | bf16 | 1" vggft "$pets/train" --val "$pets/test" --epochs 3 "${resnet[@]}" "${head[@]}" --precision bf16 --seed 1
row pets-layer4 "cats-dogs | layer4 + head | 1e-4 | bf16 | 1" vggft "$pets/train" --val "$pets/test" --epochs 3 "${resnet[@]}" "${stage[@]}" --precision bf16 --seed 1

[[ -s $runs/imdb/test.csv ]] || python3 bench/imdb.py "$imdb" "$runs/imdb"
for seed in 1 2 3; do
	for p in bf16 fp32; do
		row "text-$p-$seed" "$p | $seed" bertft "$runs/imdb/train.csv" --val "$runs/imdb/test.csv" --model minilm-l6-h384-uncased --max-length 256 --batch 16 --epochs 2 --precision $p --seed $seed
	done
done
