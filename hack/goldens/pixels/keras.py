"""Writes internal/pixels/testdata/keras: pictures through the very code of Keras'
ImageDataGenerator, with the parameters it was given.

Versions: Keras 3.15.1 on torch 2.11.0, SciPy 1.17.1, NumPy 2.4.6, Python 3.11.
Usage: python hack/goldens/pixels/keras.py internal/pixels/testdata/keras
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
sys.path.pop(0)  # this file is called keras.py too
import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(1)
N = 64
y, x = np.mgrid[0:N, 0:N]
rgb = np.stack([4 * x, 4 * y, 128 + 100 * np.sin(x / 5) * np.cos(y / 6)], axis=2)
rgb[10:20, 30:50] = (255, 0, 128)
rgb = np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)
Image.fromarray(rgb).save(out / "source.png", optimize=True)

gen = ImageDataGenerator(rotation_range=20, zoom_range=0.15, width_shift_range=0.1, height_shift_range=0.1,
                         horizontal_flip=True, vertical_flip=True)
listing = []
for i in range(12):
    p = gen.get_random_transform(rgb.shape, seed=i)
    got = gen.apply_transform(rgb.astype(np.float64), p)
    name = f"want-{i:02d}.png"
    Image.fromarray(np.clip(np.rint(got), 0, 255).astype(np.uint8)).save(out / name, optimize=True)
    listing.append({
        "theta_degrees": p["theta"], "tx_pixels": p["tx"], "ty_pixels": p["ty"], "zx": p["zx"], "zy": p["zy"],
        "flip_h": bool(p["flip_horizontal"]), "flip_v": bool(p["flip_vertical"]), "want": name,
    })
(out / "cases.json").write_text(json.dumps(listing, indent=1) + "\n")
