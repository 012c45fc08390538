#!/usr/bin/env bash
# Fine-tunes two small pretrained models on data that comes with the project,
# shows what they learned, and says what to try next. Needs no network.
#
# usage: hack/demo.sh [bert|vision]
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-all}
case $part in all | bert | vision) ;; *) echo "usage: hack/demo.sh [bert|vision]" >&2; exit 2 ;; esac
run=${GOTUNE_DEMO:-runs/demo}
mkdir -p "$run"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Shows a command as one would type it, and runs it.
try() {
	printf '$'
	for word; do
		if [[ $word =~ ^[A-Za-z0-9_./:=,-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
	done
	echo
	"$@"
}

bert() {
	rm -rf "$run/bert"
	say "BERT: MiniLM (6 layers, 22.7 M parameters) on 1,600 film reviews, 400 held out"
	try bin/bertft train weights/samples/imdb-2000.csv --model minilm-l6-h384-uncased \
		--max-length 128 --batch 16 --epochs 2 --eval-first --out "$run/bert"
	say "Ask it about sentences of our own"
	try bin/bertft predict "$run/bert" "A quiet, funny film with a big heart." \
		"Two hours of my life that I will never get back." \
		"Not the masterpiece some say, but I would gladly see it again."
}

vision() {
	local photos=weights/samples/ants-bees
	rm -rf "$run/vision"
	say "ResNet-50 (ImageNet, float16) on 120 photographs of ants and bees, 60 held out"
	try bin/vggft train "$photos" --model resnet50-imagenet --head linear --freeze '!head' --augment crop \
		--lr 1e-3 --weight-decay 0.01 --epochs 3 --eval-first --out "$run/vision"
	say "Ask it about photographs that it was not trained on"
	local pictures=("$photos"/val/ants/*.jpg "$photos"/val/bees/*.jpg)
	try bin/vggft predict "$run/vision" "${pictures[0]}" "${pictures[1]}" "${pictures[-2]}" "${pictures[-1]}"
}

if [[ $part != vision ]]; then bert; fi
if [[ $part != bert ]]; then vision; fi

say "Next"
if [[ $part != vision ]]; then
	cat <<END
your own texts (a CSV with the columns text and label):
  bin/bertft train reviews.csv --model minilm-l6-h384-uncased
the documented recipe on bert-base-uncased, fetched from the Hugging Face hub:
  bin/bertft train reviews.csv
END
fi
if [[ $part != bert ]]; then
	cat <<END
your own photographs (a folder with a folder for each class):
  bin/vggft train photos --model resnet50-imagenet --head linear --freeze '!head' --lr 1e-3
the documented recipe on VGG16, whose weights (528 MiB) are fetched:
  bin/vggft train weights/samples/ants-bees --model vgg16
END
fi
