"""Whole keras.applications.VGG16 with and without top as Keras saves them, to the byte,
and in keras.json what Keras computes with them from a photograph.

KERAS_BACKEND=torch python hack/goldens/vision/keras_vgg16.py
    Keras 3.15.1, torch 2.11.0, h5py 3.16.0 (HDF5 2.0.0), pillow 13.0.0

The weights of a layer repeat after some 1,000 numbers, so that gzip, applied twice, leaves
a few kilobytes of the 59 and 553 MB.
"""

import gzip, json, os, pathlib, tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[3] / "pkg/vision/testdata"
PERIOD = 1021  # a prime: no two rows of a kernel are the same


def weights(m):
    rng = np.random.default_rng(11)
    for v in m.weights:
        n = int(np.prod(v.shape))
        if len(v.shape) == 1:
            v.assign(rng.normal(0, 0.05, v.shape).astype(np.float32))
            continue
        std = (2 / (n // v.shape[-1])) ** 0.5
        v.assign(np.resize(rng.normal(0, std, PERIOD).astype(np.float32), n).reshape(v.shape))


def keep(src, name):
    """Gzip finds a repetition every 16 KiB; those finds repeat too."""
    data = pathlib.Path(src).read_bytes()
    for _ in range(2):
        data = gzip.compress(data, 9, mtime=0)
    (OUT / name).write_bytes(data)
    os.remove(src)


def main():
    tmp = pathlib.Path(tempfile.mkdtemp())
    out = {}
    photo = lambda side: np.array(Image.open(OUT / "bee.png").resize((side, side), Image.Resampling.NEAREST))[None]
    m = keras.applications.VGG16(weights=None, include_top=False, input_shape=(96, 96, 3), pooling=None)
    weights(m)
    m.save(tmp / "notop.h5")
    keep(tmp / "notop.h5", "keras_vgg16_notop.h5.gz.gz")
    x = keras.applications.vgg16.preprocess_input(photo(96).astype(np.float32))
    f = keras.Model(m.input, m.get_layer("block5_pool").output)(x)
    f = f.detach().numpy()  # [1,3,3,512]
    out["block5_pool"] = [float(v) for v in f.transpose(0, 3, 1, 2).flatten()[:: 97]]  # as [1,512,3,3]
    out["largest"] = float(np.abs(f).max())
    m = keras.applications.VGG16(weights=None, include_top=True, classifier_activation=None)
    weights(m)
    m.save_weights(tmp / "top.weights.h5")
    keep(tmp / "top.weights.h5", "keras_vgg16_top.weights.h5.gz.gz")
    x = keras.applications.vgg16.preprocess_input(photo(224).astype(np.float32))
    y = m(x)
    y = y.detach().numpy()
    out["top"] = [float(v) for v in y.flatten()[::37]]
    out["top_largest"] = float(np.abs(y).max())
    (OUT / "keras.json").write_text(json.dumps(out, indent=1) + "\n")
    print(list(out), out["largest"], out["block5_pool"][:4], out.get("top", [])[:4], out.get("top_largest"))


if __name__ == "__main__":
    main()
