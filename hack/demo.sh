#!/usr/bin/env bash
# Fine-tunes a small pretrained BERT on reviews that come with the project, shows
# what it learned, and says what to try next. Needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."

run=${GOTUNE_DEMO:-runs/demo}
rm -rf "$run"
mkdir -p "$(dirname "$run")"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "1. Fine-tune MiniLM (6 layers, 22.7 M parameters) on 1,600 movie reviews, 400 held out"
command=(bin/bertft train weights/samples/imdb-2000.csv --model minilm-l6-h384-uncased
	--max-length 128 --batch 16 --epochs 2 --eval-first --out "$run/bert")
echo "\$ ${command[*]}"
"${command[@]}"

say "2. Ask it about sentences of our own"
sentences=("A quiet, funny film with a big heart." "Two hours of my life that I will never get back."
	"Not the masterpiece some say, but I would gladly see it again.")
printf '$ bin/bertft predict %s' "$run/bert"
printf ' %q' "${sentences[@]}"
echo
bin/bertft predict "$run/bert" "${sentences[@]}"

say "Next"
cat <<END
your own texts (a CSV with the columns text and label):
  bin/bertft train reviews.csv --model minilm-l6-h384-uncased --out runs/mine
the documented recipe on bert-base-uncased, fetched from the Hugging Face hub:
  bin/bertft train reviews.csv --out runs/bert-base
END
