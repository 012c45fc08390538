"""Writes internal/pixels/testdata/warp: a picture, matrices, and the picture drawn
through each by SciPy in float64; and the picture at other sizes by PIL.

Versions: SciPy 1.17.1, Pillow 13.0.0, NumPy 2.4.6, Python 3.11.
Usage: python hack/goldens/pixels/warp.py internal/pixels/testdata/warp
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)

# Photograph-like: smooth shading, hard edges, and noise of a few levels.
W, H = 90, 64
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([
    120 + 100 * np.sin(x / 11 + y / 17),
    30 + 2.2 * x,
    200 - 2.5 * y + 30 * ((x // 12 + y // 9) % 2),
], axis=2)
rgb[20:45, 30:55] = (240, 15, 25)
rgb[(x - 60) ** 2 + (y - 30) ** 2 < 150] = (5, 250, 120)
rgb = np.clip(rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)
Image.fromarray(rgb).save(out / "source.png", optimize=True)

N = 48
cases = []
for i in range(16):
    t, zx, zy = rng.uniform(-0.6, 0.6), rng.uniform(0.5, 1.8), rng.uniform(0.5, 1.8)
    a = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) @ np.diag([zx, zy])
    if i % 3 == 0:
        a = a @ np.diag([-1, 1])
    centre = np.array([W, H]) / 2 + rng.uniform(-15, 15, 2)
    b = centre - a @ np.array([(N - 1) / 2, (N - 1) / 2])
    cases.append((a, b, i % 4 == 3))
cases += [
    (np.eye(2), np.array([0.0, 0.0]), False),
    (np.eye(2), np.array([-20.5, -10.25]), False),  # half outside
    (np.eye(2), np.array([-20.5, -10.25]), True),
    (np.eye(2), np.array([500.0, 500.0]), False),  # wholly outside
    (np.eye(2), np.array([500.0, 500.0]), True),
    (np.diag([W / N, H / N]), np.array([0.5 * W / N - 0.5, 0.5 * H / N - 0.5]), False),
]
listing = []
for i, (a, b, constant) in enumerate(cases):
    # SciPy counts rows first; ours counts columns first.
    m = a[::-1, ::-1]
    planes = [
        ndimage.affine_transform(rgb[:, :, c].astype(np.float64), m, b[::-1], output_shape=(N, N), order=1,
                                 mode="grid-constant" if constant else "nearest", cval=(9, 99, 199)[c])
        for c in range(3)
    ]
    name = f"want-{i:02d}.png"
    Image.fromarray(np.rint(np.stack(planes, axis=2)).astype(np.uint8)).save(out / name, optimize=True)
    listing.append({"matrix": [a[0, 0], a[0, 1], b[0], a[1, 0], a[1, 1], b[1]], "constant": constant, "want": name})
(out / "cases.json").write_text(json.dumps({"size": N, "color": [9, 99, 199], "cases": listing}, indent=1) + "\n")

im = Image.fromarray(rgb)
for w, h in (45, 32), (28, 20), (90, 30), (17, 64), (135, 96), (7, 5), (200, 64), (90, 64):
    im.resize((w, h), Image.BILINEAR).save(out / f"resize-{w}x{h}.png", optimize=True)
