"""Compares a full Keras VGG16 of random weights with torchvision's on the same
weights, converted by convert. Prints the largest differences.

Made with Keras 3.15.1 on torch 2.11.0, torchvision 0.26.0. Run from the module's
root: KERAS_BACKEND=torch python hack/goldens/tensorfile/check_keras.py
"""

import os
import subprocess
import tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
import torchvision
from safetensors.torch import load_file


def main():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (2, 224, 224, 3)).astype(np.float32)
    with tempfile.TemporaryDirectory() as d:
        for top, ext in [(True, ".weights.h5"), (False, ".h5")]:
            m = keras.applications.VGG16(weights=None, include_top=top, classifier_activation=None, input_shape=(224, 224, 3))
            for v in m.weights:
                s = np.prod(v.shape[:-1]) if len(v.shape) > 1 else 100
                v.assign(rng.normal(0, (2 / s) ** 0.5, v.shape).astype(np.float32))
            want = m.predict(x, verbose=0)
            path = os.path.join(d, "vgg16" + ext)
            m.save_weights(path) if top else m.save(path)
            out = os.path.join(d, "vgg16.safetensors")
            subprocess.run(["go", "run", "hack/goldens/tensorfile/convert.go", "-keras-vgg16", path, out], check=True)
            t = torchvision.models.vgg16(weights=None).eval()
            sd = load_file(out)
            missing, unexpected = t.load_state_dict(sd, strict=False)
            assert not unexpected and (top is False or not missing), (missing, unexpected)
            with torch.no_grad():
                y = torch.from_numpy(x).permute(0, 3, 1, 2)
                got = t(y) if top else t.features(y).permute(0, 2, 3, 1)
            diff = np.abs(got.numpy() - want).max()
            print(f"{os.path.basename(path)}: largest output {np.abs(want).max():.4g}, largest difference {diff:.3g}")
            assert diff <= 1e-4 * np.abs(want).max()


if __name__ == "__main__":
    main()
