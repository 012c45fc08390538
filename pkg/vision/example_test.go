package vision_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// The bundled ResNet-50 looks at two photographs. 310 and 309 are ImageNet's
// grasshopper and bee; rt is libtorch, by train.Open or torch.Open.
func ExampleModel_Logits() {
	model, _, err := vision.Load(rt, "../../weights/resnet50-imagenet", vision.LoadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	pictures, err := vision.OpenPictures([]string{
		"../../weights/samples/ants-bees/val/ants/1053149811_f62a3410d3.jpg",
		"../../weights/samples/ants-bees/val/bees/2782079948_8d4e94a826.jpg",
	}, vision.DataOptions{Input: model.Config.Input()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pictures.Close()
	batch, err := pictures.Batch(context.Background(), 0, []int{0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	x, _ := batch.Tensors(s)                                      // [2,3,224,224]
	fmt.Println(s.Ints(s.Argmax(model.Logits(s, x), 1)), s.Err()) // of [2,1000]
	// Output: [310 309] <nil>
}

// A folder of class folders, split by class; nothing is read from a picture before
// its batch is asked for.
func ExampleOpenDataset() {
	data, err := vision.OpenDataset("../../weights/samples/ants-bees", vision.DataOptions{
		Input: vision.DefaultConfig("resnet50", vision.Linear, nil).Input(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer data.Close()
	training, validation := data.Splits()["train"], data.Splits()["val"]
	fmt.Println(data.Classes(), training.Len(), validation.Len())
	batch, err := validation.Batch(context.Background(), 0, []int{0, 1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Size())
	// Output:
	// [ants bees] 120 60
	// 3
}

// Weights for another task: a new head on a trunk that keeps its numbers, and
// which parameters train in the documented recipe.
func ExampleLoad() {
	model, report, err := vision.Load(rt, "../../weights/resnet50-imagenet", vision.LoadOptions{
		Labels: []string{"ant", "bee"}, Head: vision.Documented, ImageSize: 150,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	fmt.Println("new:", strings.Join(report.Missing, ", "))
	fmt.Println("groups:", model.Groups())
	fmt.Println(model.Group("layer4.0.conv1.weight"), model.Group("fc.0.weight"))
	// Output:
	// new: fc.0.weight, fc.0.bias, fc.3.weight, fc.3.bias, fc.6.weight, fc.6.bias
	// groups: [stem layer1 layer2 layer3 layer4 head]
	// layer4 head
}

// What a model folder's config.json, or a bare file and its architecture, say of
// the input, before any weight is read.
func ExampleConfigOf() {
	cfg, err := vision.ConfigOf("testdata/resnet18.pth", vision.LoadOptions{Architecture: "resnet18", Normalize: "none"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.ImageSize, cfg.ChannelOrder, cfg.ImageMean, cfg.ImageStd, cfg.NumLabels)
	_, err = vision.ConfigOf("testdata/resnet18.pth", vision.LoadOptions{})
	fmt.Println(err)
	// Output:
	// 224 RGB [0 0 0] [1 1 1] 1000
	// model testdata/resnet18.pth: a file of weights does not say what it is: give --arch, one of resnet101, resnet152, resnet18, resnet34, resnet50, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn
}

// Features of any named layer; another name is an error that lists them.
func ExampleModel_Features() {
	cfg := vision.DefaultConfig("resnet18", vision.Linear, []string{"ant", "bee"})
	cfg.ImageSize, cfg.ResizeShortSide = 64, 73
	model, err := vision.New(rt, cfg, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	x := s.Zeros(torch.Float32, 1, 3, 64, 64)
	for _, layer := range []string{"layer3", "avgpool", "pool5"} {
		y, err := model.Features(s, x, layer, vision.Flat)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(layer, torch.ShapeString(y.Shape()))
	}
	// Output:
	// layer3 [1,4096]
	// avgpool [1,512]
	// layer "pool5": want one of relu, layer1.0, layer1.1, layer1, layer2.0, layer2.1, layer2, layer3.0, layer3.1, layer3, layer4.0, layer4.1, layer4, avgpool, logits
}

// With a GPU, workers only decode: it draws the pictures, to the same bytes.
func ExampleDataset_DrawOn() {
	cfg := vision.DefaultConfig("resnet50", vision.Linear, nil)
	cfg.Fit = vision.FitStretch // as the augmentation has it
	data, err := vision.OpenDataset("../../weights/samples/ants-bees", vision.DataOptions{
		Input: cfg.Input(), Augment: "documented", Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer data.Close()
	data.DrawOn(rt.Device()) // a CPU finds them drawn
	batch, err := data.Batch(context.Background(), 0, []int{0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := rt.Scope(rt.TrainMode())
	defer s.Close()
	x, _ := batch.Tensors(s)
	fmt.Println(rt.Device(), batch.Pixels != nil, torch.ShapeString(x.Shape()), s.Err())
	// Output: cpu true [2,3,224,224] <nil>
}
