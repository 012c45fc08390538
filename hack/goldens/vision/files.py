"""Files of a whole ResNet-18 as torch.save writes them, a few kilobytes each, and the
logits torchvision computes with them; and what real kernels make of two photographs.

python hack/goldens/vision/files.py SHARED    torch 2.11.0, torchvision 0.26.0, pillow 12

All tensors of resnet18.pth (zip) and resnet18_legacy.pth (before 1.6) are views of one
storage, so that the files are small and reading them needs offsets and strides.
SHARED holds models/resnet50-imagenet and models/vgg16-block1-2.
"""

import json, math, pathlib, sys
import numpy as np
import torch, torchvision
from PIL import Image
from safetensors.torch import load_file
from parity import data, seed, mix, sketch, uniform

ROOT = pathlib.Path(__file__).resolve().parents[3]
OUT = ROOT / "pkg/vision/testdata"
SIDE = 96
PHOTOS = {"ant": "ants/0013035.jpg", "bee": "bees/16838648_415acd9e3f.jpg"}
KERAS_MEAN = [103.939, 116.779, 123.68]  # blue, green, red


def tiny_files():
    with torch.device("meta"):
        m = torchvision.models.resnet18()
    m.to_empty(device="cpu")
    noise, near1, small = 0, 8192, 8704  # where they begin in the storage
    values = [uniform("noise", 8192), np.float32(1) + uniform("near1", 512) / np.float32(8), uniform("small", 1000) / np.float32(32)]
    scales, fan = [], {}
    state = {}
    for name, t in m.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        elif t.dim() == 4:
            fan[name.replace("conv", "bn").replace("downsample.0", "downsample.1")] = t[0].numel()
            state[name] = (t.shape, (7, 5, 3, 1), noise)
        elif t.dim() == 2:
            state[name] = (t.shape, (3, 7), noise)
        elif name.endswith("running_var"):
            state[name] = (t.shape, (1,), near1)
        elif name.endswith("weight"):  # takes the convolution's gain back
            state[name] = (t.shape, (0,), 9704 + len(scales))
            scales.append(math.sqrt(6 / fan[name]))
        else:
            state[name] = (t.shape, (1,), small)
    storage = torch.from_numpy(np.concatenate(values + [np.array(scales, dtype=np.float32)]))
    state = {n: v if torch.is_tensor(v) else torch.as_strided(storage, *v) for n, v in state.items()}
    m.load_state_dict(state)
    torch.save(state, OUT / "resnet18.pth")
    torch.save({"state_dict": {"module." + n: v for n, v in state.items()}, "epoch": 3}, OUT / "resnet18_legacy.pth",
               _use_new_zipfile_serialization=False)
    x, _ = data(64, torch.float32)
    with torch.no_grad():
        y = m.double().eval()(x.double())
    return {"logits": y.flatten()[::200].tolist(), "largest": y.abs().max().item()}


def photos():
    out = []
    for name, path in PHOTOS.items():
        img = Image.open(ROOT / "weights/samples/ants-bees/train" / path).convert("RGB")
        k = SIDE / min(img.size)
        img = img.resize((max(SIDE, round(img.width * k)), max(SIDE, round(img.height * k))), Image.Resampling.LANCZOS)
        left, top = (img.width - SIDE) // 2, (img.height - SIDE) // 2
        img = img.crop((left, top, left + SIDE, top + SIDE))
        img.save(OUT / f"{name}.png", optimize=True)
        out.append(torch.from_numpy(np.array(img)).permute(2, 0, 1))
    return torch.stack(out)


def vgg_blocks(shared, x):
    """Activations after each of VGG16's first four convolutions."""
    w = load_file(shared / "models/vgg16-block1-2/vgg16_block1-2.torch-names.safetensors")
    x = x.flip(1).double() - torch.tensor(KERAS_MEAN).double().view(1, 3, 1, 1)
    out = {}
    for layer, index in {"block1_conv1": 0, "block1_conv2": 2, "block2_conv1": 5, "block2_conv2": 7}.items():
        x = torch.relu(torch.nn.functional.conv2d(x, w[f"features.{index}.weight"].double(), w[f"features.{index}.bias"].double(), padding=1))
        out[layer] = {"sketch": sketch(layer, x).tolist(), "norm": x.norm().item()}
        if layer.endswith("conv2"):
            x = torch.nn.functional.max_pool2d(x, 2)
    return out


def resnet50(folder, x):
    """Logits and pooled features of the real ResNet-50, whose stride is on the 1×1."""
    cfg = json.loads((folder / "config.json").read_text())
    m = torchvision.models.resnet50()
    for stage in (m.layer2, m.layer3, m.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    m.load_state_dict({n: t.float() for n, t in load_file(folder / "model.safetensors").items()}, strict=False)
    m = m.double().eval()
    mean, std = (torch.tensor(cfg[k]).double().view(1, 3, 1, 1) for k in ("image_mean", "image_std"))
    with torch.no_grad():
        y = m((x.double() / 255 - mean) / std)
        m.fc = torch.nn.Identity()
        features = m((x.double() / 255 - mean) / std)
    return {"top": y.argmax(1).tolist(), "logits": y.max(1).values.tolist(), "sketch": sketch("avgpool", features).tolist(), "norm": features.norm().item()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    shared = pathlib.Path(sys.argv[1])
    x = photos()
    out = {"resnet18": tiny_files(), "vgg16": vgg_blocks(shared, x), "resnet50": resnet50(ROOT / "weights/resnet50-imagenet", x)}
    (OUT / "files.json").write_text(json.dumps(out, indent=1) + "\n")
    print(json.dumps(out, indent=1))
