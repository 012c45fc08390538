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
	tiny, err := filepath.Abs("../../pkg/text/testdata/bert-tiny")
	if err != nil {
		t.Fatal(err)
	}
	if err := fixtures(tiny, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "many.csv"), []byte(films(240)), 0o644); err != nil {
		t.Fatal(err)
	}
	kills := 4
	if os.Getenv("GOTUNE_LONG") != "" {
		kills = 50
	}
	killtest.Test(t, killtest.Program{
		Name: "bertft", Dir: dir, Env: []string{"OMP_WAIT_POLICY=passive", "HF_HUB_OFFLINE=1"},
		Train: strings.Fields("train many.csv --model tiny --epochs 12 --batch 16 --accumulate 2 --max-length 48 --lr 3e-4" +
			" --group-by-length --max-batch-tokens 300" +
			" --unfreeze head@0,layer.1@1,layer.0@3 --unfreeze-warmup 5 --layer-decay 0.8 --ema 0.9" +
			" --early-stop 2 --early-stop-metric loss --early-stop-min 0.002 --label-smoothing 0.1 --class-weights sampled" +
			" --schedule cosine --warmup 0.1 --checkpoint-every 5 --keep 2 --threads 1 --precision fp32"),
	}, kills, 1)
}
