"""Writes internal/pixels/testdata/jitter: a picture's colours changed by
torchvision's functional transforms on uint8 tensors, one at a time and in a row.

Versions: torchvision 0.26.0, torch 2.11.0, Pillow 13.0.0, NumPy 2.4.6, Python 3.11.
Usage: python hack/goldens/pixels/jitter.py internal/pixels/testdata/jitter
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as F

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(2)
rgb = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
rgb[:8] = rgb[:8] // 16 * 16 + np.arange(32)[None, :, None] % 3  # near-greys too
rgb[8:12, :, 1] = rgb[8:12, :, 0]
rgb[8:12, :, 2] = rgb[8:12, :, 0]
Image.fromarray(rgb).save(out / "source.png", optimize=True)

steps = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
cases = []
for v in 0.6, 1.3:
    cases += [([v, 1, 1, 0], [0, 1, 2, 3]), ([1, v, 1, 0], [0, 1, 2, 3]), ([1, 1, v, 0], [0, 1, 2, 3])]
for v in -0.3, 0.05, 0.45:
    cases.append(([1, 1, 1, v], [0, 1, 2, 3]))
for i in range(6):
    factors = [*rng.uniform(0.7, 1.3, 3).tolist(), float(rng.uniform(-0.1, 0.1))]
    cases.append((factors, rng.permutation(4).tolist()))
listing = []
for i, (factors, order) in enumerate(cases):
    t = torch.from_numpy(rgb).permute(2, 0, 1)
    for k in order:
        if factors[k] != (0 if k == 3 else 1):
            t = steps[k](t, factors[k])
    name = f"want-{i:02d}.png"
    Image.fromarray(t.permute(1, 2, 0).contiguous().numpy()).save(out / name, optimize=True)
    listing.append({"factors": factors, "order": order, "want": name})
(out / "cases.json").write_text(json.dumps(listing, indent=1) + "\n")
