"""Writes whole networks in files of a few kilobytes, for the scripts of vggft.

Made with torch 2.11.0, torchvision 0.26.0, h5py 3.16.0 (HDF5 2.0.0), Python 3.11.
Run from the module's root: python hack/goldens/vision/small_files.py

A tensor of a .pth may be any view of its storage: here all are overlapping views
of one storage of 8,192 numbers. A dataset of an .h5 that was never written is its fill
value: here every kernel is.
"""

import h5py
import torch
import torchvision

OUT = "cmd/vggft/testdata/weights"


def pth(legacy):
    torch.manual_seed(1)
    storage = torch.randn(8192) * 0.03
    state = torchvision.models.resnet18().state_dict()
    for name, t in state.items():
        if t.dim() < 2:
            if name.endswith("weight") or name.endswith("running_var"):
                state[name] = torch.ones(1).expand(t.shape)
            elif t.dim() == 1:
                state[name] = torch.zeros(1).expand(t.shape)
            continue
        # The strides are primes, so that neighbouring kernels differ.
        strides = [5, 2, 3, 1][: t.dim()]
        state[name] = storage.as_strided(t.shape, strides, 11)
    path = f"{OUT}/resnet18{'-legacy' if legacy else ''}.pth"
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)


def h5():
    widths, convs, before = [64, 128, 256, 512, 512], [2, 2, 3, 3, 3], 3
    with h5py.File(f"{OUT}/vgg16_notop.h5", "w") as f:
        for b, (width, n) in enumerate(zip(widths, convs), 1):
            for c in range(1, n + 1):
                layer = f"block{b}_conv{c}"
                g = f.create_group(layer)
                g.attrs["weight_names"] = [f"{layer}/kernel:0".encode(), f"{layer}/bias:0".encode()]
                shape = (3, 3, before, width)
                g.create_dataset(f"{layer}/kernel:0", shape, "f4", chunks=shape, fillvalue=1 / (9 * before))
                g.create_dataset(f"{layer}/bias:0", (width,), "f4", chunks=(width,), fillvalue=0)
                before = width
        layers = [f"block{b}_conv{c}" for b, n in enumerate(convs, 1) for c in range(1, n + 1)]
        f.attrs["layer_names"] = [name.encode() for name in layers]


if __name__ == "__main__":
    pth(legacy=False)
    pth(legacy=True)
    h5()
