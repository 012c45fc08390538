"""Loads in Python what our writer makes of every fixture, and compares.

Made with torch 2.11.0, safetensors 0.8.0, Python 3.11. Run from the module's
root: python hack/goldens/tensorfile/check_write.py
"""

import os
import subprocess
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file

DATA = "internal/tensorfile/testdata"


def main():
    want = torch.load(f"{DATA}/zip.pth")
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, "out.safetensors")
        for name in ["zip.pth", "legacy.pth", "zip_deflated.pth", "sharded_bin", "sharded_safetensors", "expected.safetensors"]:
            subprocess.run(["go", "run", "hack/goldens/tensorfile/convert.go", f"{DATA}/{name}", out], check=True)
            got = load_file(out)
            assert got.keys() == want.keys(), name
            for k, w in want.items():
                assert got[k].dtype == w.dtype and got[k].shape == w.shape, (name, k)
                same = got[k].view(torch.uint8) if w.dim() else got[k].reshape(1).view(torch.uint8)
                ref = w.detach().contiguous()
                ref = ref.view(torch.uint8) if w.dim() else ref.reshape(1).view(torch.uint8)
                assert torch.equal(same, ref), (name, k)
            with safe_open(out, "pt") as f:
                assert f.metadata()["format"] == "pt", f.metadata()
            print(f"{name}: {len(got)} tensors equal")


if __name__ == "__main__":
    main()
