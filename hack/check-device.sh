#!/usr/bin/env bash
#
# Holds a device against the CPU: the losses of the same steps in float32 and in the
# precision that the device would choose, what the models predict, and how fast each
# trained; and a run with dropout or augmentation against one that was interrupted and
# went on. It fails where they are further apart than rounding makes them.
#
# usage: hack/check-device.sh [DEVICE]     (default: cuda)
#
# Needs bin/ and weights/, and no network. STEPS=n trains so many steps of each (default:
# 12, and four times as many to interrupt), OUT=DIR keeps the runs there.
set -euo pipefail
cd "$(dirname "$0")/.."

device=${1:-cuda} steps=${STEPS:-12}
out=${OUT:-$(mktemp -d)}
[[ -n ${OUT:-} ]] || trap 'rm -rf "$out"' EXIT
mkdir -p "$out"
export GOTUNE_WEIGHTS=${GOTUNE_WEIGHTS:-$PWD/weights}
batch=8 failed=0

# Begins a run of so many times the steps, and leaves its process in pid.
begin() { # PROGRAM NAME EPOCHS FLAG...
	local program=$1 name=$2 epochs=$3
	shift 3
	case $program in
	bertft) set -- weights/samples/imdb-2000.csv --model minilm-l6-h384-uncased --max-length 128 "$@" ;;
	vggft) set -- weights/samples/ants-bees/train --model resnet50-imagenet --head linear --freeze '!layer4,!head' \
		--cache "$out/pictures" "$@" ;;
	esac
	rm -rf "${out:?}/$name"
	"bin/$program" train "$@" --val-fraction 0 --limit $((steps * batch)) --batch $batch \
		--epochs "$epochs" --lr 1e-4 --out "$out/$name" >"$out/$name.log" 2>&1 &
	pid=$!
}

train() { # PROGRAM NAME EPOCHS FLAG...
	begin "$@"
	wait $pid || {
		tail -n 3 "$out/$2.log" >&2
		return 1
	}
}

# What a device draws at random differs from device to device. Pictures are drawn by the
# run's seed, to the same bytes on each.
nothing_drawn() { # PROGRAM
	case $1 in
	bertft) echo --dropout 0 ;;
	vggft) echo --augment documented,crop=0.5,jitter=0.3,erase=0.3 ;;
	esac
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

# A run that is interrupted at a third of its steps, and goes on.
interrupted() { # PROGRAM NAME EPOCHS FLAG...
	local program=$1 name=$2 at=$((steps * $3 / 3)) status=0
	begin "$@"
	while kill -0 $pid 2>/dev/null && [[ $(losses "$name" 2>/dev/null | wc -l) -lt $at ]]; do sleep 0.02; done
	kill -TERM $pid 2>/dev/null || true
	wait $pid || status=$?
	if [[ $status != 130 ]]; then
		echo "FAILED  $program was not interrupted: it ended with $status; take more STEPS"
		failed=1
		return
	fi
	"bin/$program" resume "$out/$name" >>"$out/$name.log" 2>&1 || {
		tail -n 3 "$out/$name.log" >&2
		return 1
	}
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
	read -ra plain < <(nothing_drawn $program)
	train $program $program-cpu 1 "${plain[@]}" --device cpu --precision fp32
	train $program $program-fp32 1 "${plain[@]}" --device "$device" --precision fp32
	compare "$program, float32" $program-fp32 $program-cpu 1e-3
	train $program $program-auto 1 "${plain[@]}" --device "$device"
	compare "$program, precision auto" $program-auto $program-cpu 5e-2
	# With the device's own random numbers, which go on where they were.
	train $program $program-drawn 4 --device "$device" --precision fp32
	interrupted $program $program-resumed 4 --device "$device" --precision fp32
	compare "$program, dropout and augmentation, resumed" $program-resumed $program-drawn 1e-3
	verdict "$program predict, float32" \
		"$(apart <(predictions $program "$device") <(predictions $program cpu))" 1e-3
done
exit $failed
