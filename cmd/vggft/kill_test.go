package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/killtest"
)

// A run that is killed at random moments and goes on each time ends, bit for bit,
// with what one that was left alone ends with.
func TestKilledRunEndsAlike(t *testing.T) {
	dir := t.TempDir()
	if err := saveTiny(filepath.Join(dir, "tiny")); err != nil {
		t.Fatal(err)
	}
	for _, color := range []string{"blue", "red"} {
		if err := savePictures(filepath.Join(dir, "photos", color), color, 12); err != nil {
			t.Fatal(err)
		}
	}
	kills := 3
	if os.Getenv("GOTUNE_LONG") != "" {
		kills = 50
	}
	killtest.Test(t, killtest.Program{
		Name: "vggft", Dir: dir,
		Env: []string{"OMP_WAIT_POLICY=passive", "HF_HUB_OFFLINE=1", "XDG_CACHE_HOME=" + filepath.Join(dir, "cache")},
		Train: strings.Fields("train photos --model tiny --head linear --epochs 4 --batch 4 --accumulate 2 --lr 1e-3" +
			" --unfreeze head@0,layer4@1 --unfreeze-warmup 3 --ema 0.9 --mixup 0.2 --cutmix 1" +
			" --early-stop 2 --early-stop-metric loss --early-stop-min 0.01 --label-smoothing 0.1" +
			" --checkpoint-every 3 --threads 1 --precision fp32"),
	}, kills, 2)
}
