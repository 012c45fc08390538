package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotune/gotune/internal/clitest"
	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vggft": main})
}

// The scripts find an untrained ResNet-18 for pictures of 32 pixels in
// $WORK/tiny, 24 pictures in $WORK/photos/{blue,red}, and one picture of each
// kind that the decoder knows in $KINDS, and
// small files of weights in $WEIGHTS.
func TestScripts(t *testing.T) {
	tiny := filepath.Join(t.TempDir(), "tiny")
	if err := saveTiny(tiny); err != nil {
		t.Fatal(err)
	}
	root := sharedtest.Root(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OMP_WAIT_POLICY", "passive")
			env.Setenv("HF_HUB_OFFLINE", "1")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("WEIGHTS", filepath.Join(root, "cmd/vggft/testdata/weights"))
			env.Setenv("KINDS", filepath.Join(root, "internal/pixels/testdata/decode"))
			if err := os.Symlink(tiny, filepath.Join(env.WorkDir, "tiny")); err != nil {
				return err
			}
			for _, color := range []string{"blue", "red"} {
				if err := savePictures(filepath.Join(env.WorkDir, "photos", color), color, 12); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: clitest.Commands(map[string]func(*testscript.TestScript, bool, []string){
			"pictures": pictures, "bomb": bomb, "pack": pack,
		}),
		Condition: clitest.Condition(t),
	})
}

// saveTiny writes the folder of an untrained network.
func saveTiny(dir string) (err error) {
	rt, err := train.Open(train.Options{Device: "cpu", Seed: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	cfg := vision.DefaultConfig("resnet18", vision.Original, nil)
	cfg.NumLabels, cfg.ImageSize, cfg.ResizeShortSide = 10, 32, 37
	m, err := vision.New(rt, cfg, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	return m.Save(dir)
}
