"""Logits of torchvision's classifiers, and gradients and losses of two of them,
as pkg/vision/testdata/torchvision.json. Weights and input follow a formula that
the test repeats, so none are stored.

python hack/goldens/vision/logits.py    torch 2.11.0, torchvision 0.26.0
"""

import json, math, pathlib
import numpy as np
import torch, torchvision

SIDE, CLASSES, STEPS = 64, 3, 10
DEEP = ["resnet18", "vgg11_bn"]


def wave(n):
    i = np.arange(n, dtype=np.uint64)
    return ((i * 2654435761) % 2**32).astype(np.float64) / 2**32 - 0.5


def fill(model):
    for name, t in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        u = wave(t.numel())
        if name.endswith("running_var"):
            v = 1 + 0.2 * u
        elif t.dim() > 1:
            v = u * math.sqrt(24 / (t.numel() / t.shape[0]))  # He's variance
        elif name.endswith("weight"):
            v = 1 + 0.2 * u
        else:
            v = 0.2 * u
        t.copy_(torch.from_numpy(v.astype(np.float32)).reshape(t.shape))


def make(arch):
    m = getattr(torchvision.models, arch)(num_classes=CLASSES)
    for x in m.modules():
        if isinstance(x, torch.nn.Dropout):
            x.p = 0.0
    with torch.no_grad():
        fill(m)
    return m


torch.set_num_threads(2)
x = torch.from_numpy(wave(2 * 3 * SIDE * SIDE).astype(np.float32)).reshape(2, 3, SIDE, SIDE)
y = torch.tensor([0, 2])
out = {}
for arch in [f"vgg{d}{n}" for d in (11, 13, 16, 19) for n in ("", "_bn")] + [f"resnet{d}" for d in (18, 34, 50, 101, 152)]:
    m = make(arch)
    with torch.no_grad():
        g = {"logits": m.eval()(x).flatten().tolist()}
    if arch in DEEP:
        m.train()
        opt = torch.optim.Adam(m.parameters(), lr=1e-4, eps=1e-7)
        g["losses"] = []
        for step in range(STEPS):
            opt.zero_grad()
            loss = torch.nn.functional.cross_entropy(m(x), y)
            loss.backward()
            if step == 0:
                g["gradient_norms"] = {n: p.grad.norm().item() for n, p in m.named_parameters()}
            opt.step()
            g["losses"].append(loss.item())
    out[arch] = g
root = pathlib.Path(__file__).resolve().parents[3]
path = root / "pkg/vision/testdata/torchvision.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(out, indent=1) + "\n")
