#!/usr/bin/env bash
#
# Holds a device against the CPU: the losses of the same steps in float32 and in the
# precision that the device would choose, a run that was interrupted and went on, what
# the models predict, and how fast each trained. It fails where they are further apart
# than rounding makes them.
#
# usage: hack/check-device.sh [DEVICE]     (default: cuda)
#
# Needs bin/ and weights/, and no network. STEPS=n trains so many steps of each (default:
# 12), OUT=DIR keeps the runs there.
set -euo pipefail
cd "$(dirname "$0")/.."

device=${1:-cuda} steps=${STEPS:-12}
out=${OUT:-$(mktemp -d)}
[[ -n ${OUT:-} ]] || trap 'rm -rf "$out"' EXIT
mkdir -p "$out"
export GOTUNE_WEIGHTS=${GOTUNE_WEIGHTS:-$PWD/weights}
batch=8 failed=0

# Nothing is drawn at random: each side would draw something else.
train() { # PROGRAM NAME FLAG...
	local program=$1 name=$2
	shift 2
	case $program in
	bertft) set -- weights/samples/imdb-2000.csv --model minilm-l6-h384-uncased --max-length 128 --dropout 0 "$@" ;;
	vggft) set -- weights/samples/ants-bees/train --model resnet50-imagenet --head linear --freeze '!layer4,!head' \
		--augment none --cache "$out/pictures" "$@" ;;
	esac
	rm -rf "${out:?}/$name"
	"bin/$program" train "$@" --val-fraction 0 --limit $((steps * batch)) --batch $batch --epochs 1 --lr 1e-4 \
		--out "$out/$name" >"$out/$name.log" 2>&1 || {
		local status=$?
		[[ $status == 130 ]] || tail -n 3 "$out/$name.log" >&2
		return $status
	}
}

losses() { grep '"grad_norm"' "$out/$1/metrics.jsonl" | grep -o '"loss":[^,}]*' | cut -d: -f2; }
rate() { grep -o '[0-9.,]* \(images\|sequences\)/s' "$out/$1.log" | tail -1; }

# The largest difference of two columns, as a part of the second.
apart() {
	paste "$1" "$2" | awk 'NF != 2 { bad = 1 } { d = $1 - $2; d = (d < 0 ? -d : d) / ($2 < 0 ? -$2 : $2); if (!(d <= top)) top = d }
		END { if (bad || !NR) print "inf"; else printf "%.1e\n", top }'
}

verdict() { # WHAT DIFFERENCE ALLOWED MORE
	local ok=ok
	awk -v d="$2" -v most="$3" 'BEGIN { exit !(d != "inf" && d + 0 <= most + 0) }' || ok=FAILED failed=1
	printf '%-7s %-42s differs by %-8s allowed %-6s %s\n' "$ok" "$1" "$2" "$3" "${4:-}"
}

compare() { verdict "$1" "$(apart <(losses "$2") <(losses "$3"))" "$4" "at $(rate "$2"), the other at $(rate "$3")"; }

# The device's run, interrupted at a third of its steps.
interrupted() { # PROGRAM NAME FLAG...
	local program=$1 name=$2
	train "$@" &
	while sleep 0.05; do
		if [[ $(losses "$name" 2>/dev/null | wc -l) -ge $((steps / 3)) ]]; then
			pkill -INT -f -- "--out $out/$name\$" || true
			break
		fi
		kill -0 $! 2>/dev/null || break
	done
	wait $! || [[ $? == 130 ]]
	"bin/$program" resume "$out/$name" >>"$out/$name.log" 2>&1 || grep -q "is done" "$out/$name.log"
}

# All classes' probabilities, by the model of the CPU's run.
predictions() { # PROGRAM DEVICE
	local inputs=()
	case $1 in
	bertft) inputs=("A quiet, funny film with a big heart." "Two hours of my life that I will never get back.") ;;
	vggft) inputs=(weights/samples/ants-bees/val/*/*.jpg) ;;
	esac
	"bin/$1" predict "$out/$1-cpu" "${inputs[@]}" --device "$2" --precision fp32 2>/dev/null |
		grep -o '"scores":{[^}]*}' | grep -oE '[0-9]+\.[0-9]+(e-[0-9]+)?'
}

for program in bertft vggft; do
	train $program $program-cpu --device cpu --precision fp32
	train $program $program-fp32 --device "$device" --precision fp32
	compare "$program, float32" $program-fp32 $program-cpu 1e-3
	train $program $program-auto --device "$device"
	compare "$program, precision auto" $program-auto $program-cpu 5e-2
	interrupted $program $program-resumed --device "$device" --precision fp32
	compare "$program, interrupted and resumed" $program-resumed $program-fp32 1e-3
	verdict "$program predict, float32" \
		"$(apart <(predictions $program "$device") <(predictions $program cpu))" 1e-3
done
exit $failed
