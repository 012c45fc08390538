"""What torchvision's layers give, flattened, as each channel's mean and as its maximum:
pkg/vision/testdata/features.json.

python hack/goldens/vision/features.py    torch 2.11.0, torchvision 0.26.0

Weights and input are parity.py's; in float64. Of features, pictures one after the
other, the .json keeps every so many'th number, and the largest.
"""

import json, pathlib
import torch
from parity import data, make

OUT = pathlib.Path(__file__).resolve().parents[3] / "pkg/vision/testdata/features.json"
SIDE = 64
LAYERS = {
    "resnet18": ["relu", "layer1.1", "layer2", "layer4", "avgpool"],
    "vgg11": ["features.1", "features.2", "features.7", "features.20"],
    "vgg11_bn": ["features.2", "features.3", "features.28"],
}


def keep(y, every):
    y = y.flatten()
    return {"every": every, "values": [float(f"{v:.9g}") for v in y[::every].tolist()], "largest": y.abs().max().item()}


golden = {}
for arch, layers in LAYERS.items():
    model = make(arch, "documented" if arch.startswith("vgg") else "original", SIDE, torch.float64, gate=False).eval()
    found = {}
    for name in layers:
        model.get_submodule(name).register_forward_hook(lambda m, x, y, name=name: found.setdefault(name, y.clone()))
    with torch.no_grad():
        model(data(SIDE, torch.float64)[0])
    for name in layers:
        y = found[name]
        golden[f"{arch}/{name}"] = {"none": keep(y, 997), "mean": keep(y.mean((2, 3)), 31), "max": keep(y.amax((2, 3)), 31)}
OUT.write_text(json.dumps(golden) + "\n")
