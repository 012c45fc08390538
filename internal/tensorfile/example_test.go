package tensorfile_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/tensorfile"
)

// A checkpoint of a training script: the model is found under state_dict, the
// optimiser beside it left aside.
func ExampleOpen() {
	f, err := tensorfile.Open("testdata/checkpoint.pth")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println(f.Format())
	for t := range f.All() {
		fmt.Println(t.Name, t.DType, t.Shape)
	}
	// Output:
	// pytorch
	// 0.weight F32 [2 1 3 3]
	// 0.bias F32 [2]
	// 1.weight F32 [2]
	// 1.bias F32 [2]
	// 1.running_mean F32 [2]
	// 1.running_var F32 [2]
	// 1.num_batches_tracked I64 []
}

func ExampleOpenDir() {
	f, err := tensorfile.OpenDir("testdata/sharded_safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println(filepath.Base(f.Path()), len(f.Names()))
	// Output: model.safetensors.index.json 29
}

func ExampleTensor_Float32s() {
	t := tensorfile.Tensor{Name: "w", DType: tensorfile.F16, Shape: []int{3}, Data: []byte{0, 0x3c, 0, 0xc0, 0x55, 0x35}}
	v, err := t.Float32s()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: [1 -2 0.33325195]
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	bias := tensorfile.Tensor{Name: "bias", DType: tensorfile.BF16, Shape: []int{1}, Data: []byte{0x80, 0x3f}}
	if err := tensorfile.Write(path, []tensorfile.Tensor{bias}, nil); err != nil {
		log.Fatal(err)
	}
	f, err := tensorfile.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	t, _ := f.Tensor("bias")
	v, err := t.Float32s()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v, f.Metadata())
	// Output: [1] map[format:pt]
}

// A device's parameters need not be in host memory together: each is copied when
// its turn comes.
func ExampleWriteFunc() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	params := []tensorfile.Tensor{
		{Name: "weight", DType: tensorfile.U8, Shape: []int{2}},
		{Name: "bias", DType: tensorfile.U8, Shape: []int{1}},
	}
	buf := make([]byte, 2)
	err = tensorfile.WriteFunc(path, params, nil, func(i int) ([]byte, error) {
		fmt.Println("copy", params[i].Name)
		return buf[:params[i].Numel()], nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// copy weight
	// copy bias
}

func ExampleKerasVGG16ToTorch() {
	f, err := tensorfile.Open("testdata/keras1_top.h5")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	kernel, _ := f.Tensor("block1_conv2/block1_conv2_W_1:0")
	fmt.Println(kernel.Name, kernel.Shape)
	tensors, err := tensorfile.KerasVGG16ToTorch(f)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tensors[2].Name, tensors[2].Shape)
	fmt.Println(tensors[26].Name, tensors[26].Shape)
	// Output:
	// block1_conv2/block1_conv2_W_1:0 [3 3 3 3]
	// features.2.weight [3 3 3 3]
	// classifier.0.weight [6 20]
}
