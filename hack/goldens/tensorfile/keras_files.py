"""Writes a small VGG16 as Keras saves it, and what Keras computes with it.

Made with Keras 3.15.1 on torch 2.11.0, h5py 3.16.0 (HDF5 2.0.0), Python 3.11.
Run from the module's root: KERAS_BACKEND=torch python hack/goldens/tensorfile/keras_files.py

The architecture and the layers' names are keras.applications.VGG16's, with 3 to
5 channels a block and a head of 6, 7 and 4 units, so that every transposition
that is wrong shows in the shapes or the numbers. The input is [1,64,32,3] for
the convolutions; the one with top is square, as a dense kernel does not tell
height from width.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import h5py
import keras
import numpy as np
from safetensors.numpy import save_file

OUT = "internal/tensorfile/testdata"
WIDTHS = [3, 4, 5, 4, 5]
BLOCKS = [2, 2, 3, 3, 3]


def build(top, shape):
    x = inp = keras.Input(shape)
    for b, (n, w) in enumerate(zip(BLOCKS, WIDTHS), 1):
        for c in range(1, n + 1):
            x = keras.layers.Conv2D(w, 3, activation="relu", padding="same", name=f"block{b}_conv{c}")(x)
        x = keras.layers.MaxPooling2D(2, strides=2, name=f"block{b}_pool")(x)
    if top:
        x = keras.layers.Flatten(name="flatten")(x)
        x = keras.layers.Dense(6, activation="relu", name="fc1")(x)
        x = keras.layers.Dense(7, activation="relu", name="fc2")(x)
        x = keras.layers.Dense(4, name="predictions")(x)
    m = keras.Model(inp, x, name="vgg16")
    rng = np.random.default_rng(7)
    for v in m.weights:  # gains that keep the signal alive through thirteen layers
        s = np.prod(v.shape[:-1]) if len(v.shape) > 1 else 100
        v.assign(rng.normal(0, (2 / s) ** 0.5, v.shape).astype(np.float32))
    return m


def old_layout(m, path, pattern):
    """Writes the files that keras.applications distributed."""
    with h5py.File(path, "w") as f:
        f.attrs["layer_names"] = [l.name.encode() for l in m.layers]
        for l in m.layers:
            g = f.create_group(l.name)
            if l.weights:
                names = [pattern(l.name, w) for w in ("kernel", "bias")]
                g.attrs["weight_names"] = [n.encode() for n in names]
                for n, w in zip(names, l.get_weights()):
                    g[n] = w


def main():
    rng = np.random.default_rng(3)
    golden = {}
    m = build(True, (64, 64, 3))
    x = rng.normal(0, 1, (1, 64, 64, 3)).astype(np.float32)
    golden["top.input"] = x
    golden["top.output"] = np.array(m.predict(x, verbose=0), order="C")
    m.save_weights(f"{OUT}/keras3_top.weights.h5")
    m.save(f"{OUT}/keras3_top.h5")
    old_layout(m, f"{OUT}/keras1_top.h5", lambda l, w: f"{l}_{'W' if w == 'kernel' else 'b'}_1:0")

    m = build(False, (64, 32, 3))
    x = rng.normal(0, 1, (1, 64, 32, 3)).astype(np.float32)
    golden["notop.input"] = x
    golden["notop.output"] = np.array(m.predict(x, verbose=0), order="C")
    old_layout(m, f"{OUT}/keras2_notop.h5", lambda l, w: f"{l}/{w}:0")
    nested = keras.Sequential([keras.Input((64, 32, 3)), m, keras.layers.Flatten(), keras.layers.Dense(2)])
    nested.save_weights(f"{OUT}/keras3_nested.weights.h5")
    save_file(golden, f"{OUT}/keras.safetensors")


if __name__ == "__main__":
    main()
