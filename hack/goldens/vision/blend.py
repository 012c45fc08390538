"""What torchvision's MixUp and CutMix make of a batch, to standard output.

python hack/goldens/vision/blend.py > pkg/vision/testdata/blend.json    torch 2.11.0, torchvision 0.26.0

The draws are given: how much is left of a picture, and the box's centre as a pixel.
"""

import json
from unittest import mock

import torch
from torchvision.transforms import v2

N, SIDE, CLASSES = 3, 7, 3
size = N * 3 * SIDE * SIDE
pixels = [(i * i + 31 * i) % 251 for i in range(size)]
x = torch.tensor(pixels, dtype=torch.float64).reshape(N, 3, SIDE, SIDE) / 255
y = torch.arange(CLASSES)[[2, 0, 1]]


class Drawn:
    def __init__(self, share):
        self.share = share

    def sample(self, _=()):
        return torch.tensor([self.share], dtype=torch.float64)


def blended(transform, share, centre=()):
    transform._dist = Drawn(share)
    draws = iter(centre)
    with mock.patch("torch.randint", lambda *_, **__: torch.tensor([next(draws)])):
        xs, ys = transform(x, y)
    return {"share": share, "centre": list(centre), "pictures": [round(v, 9) for v in xs.flatten().tolist()], "labels": [round(v, 9) for v in ys.flatten().tolist()]}


print(json.dumps({
    "side": SIDE, "labels": y.tolist(), "pixels": pixels,
    "mixup": [blended(v2.MixUp(num_classes=CLASSES), share) for share in (0.3, 0.925)],
    "cutmix": [
        blended(v2.CutMix(num_classes=CLASSES), share, centre)
        for share, centre in ((0.5, (3, 3)), (0.2, (0, 6)), (0.9, (6, 1)), (0.36, (2, 5)))
    ],
}))  # fmt: skip
