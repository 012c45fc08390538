"""Writes the PyTorch and safetensors fixtures of internal/tensorfile/testdata.

Made with torch 2.11.0, safetensors 0.8.0, Python 3.11. Run from the module's
root: python hack/goldens/tensorfile/torch_files.py

expected.safetensors holds what every checkpoint of the same tensors must read
as, written by safetensors.torch after .contiguous().
"""

import collections
import json
import os
import pickle
import sys
import zipfile

import torch
from safetensors.torch import save_file

OUT = "internal/tensorfile/testdata"


def tensors():
    """One tensor of each type, and every way of viewing a storage."""
    g = torch.Generator().manual_seed(1)
    base = torch.randn(4, 6, generator=g)
    conv = torch.randn(2, 3, 3, 3, generator=g)
    d = collections.OrderedDict()
    d["f32"] = base
    d["transposed"] = base.t()
    d["columns"] = base[:, 1:5:2]
    d["offset"] = base[2:]
    d["same_storage"] = base
    d["expanded"] = torch.randn(3, 1, generator=g).expand(3, 5)
    d["channels_last"] = conv.contiguous(memory_format=torch.channels_last)
    d["permuted"] = conv.permute(3, 0, 2, 1)
    d["parameter"] = torch.nn.Parameter(torch.randn(3, generator=g))
    d["attribute"] = torch.randn(2, generator=g)
    d["attribute"].tag = "any"
    d["parameter_attribute"] = torch.nn.Parameter(torch.randn(2, generator=g))
    d["parameter_attribute"].tag = "any"
    d["scalar"] = torch.tensor(2.5)
    d["empty"] = torch.zeros(0, 3)
    d["unit"] = torch.randn(1, 4, 1, generator=g)
    d["f16"] = torch.randn(5, generator=g).half()
    d["f16_transposed"] = torch.randn(40, 33, generator=g).half().t()
    d["bf16"] = torch.randn(5, generator=g).bfloat16()
    d["f64"] = torch.randn(5, generator=g).double()
    d["f64_transposed"] = torch.randn(3, 5, generator=g).double().t()
    d["i64"] = torch.arange(-2, 3)
    d["i32"] = torch.arange(-2, 3, dtype=torch.int32)
    d["i16"] = torch.arange(-2, 3, dtype=torch.int16)
    d["i8"] = torch.arange(-2, 3, dtype=torch.int8)
    d["i8_transposed"] = torch.arange(6, dtype=torch.int8).reshape(2, 3).t()
    d["u8"] = torch.arange(250, 255, dtype=torch.uint8)
    d["bool"] = torch.tensor([True, False, True])
    d["u16"] = torch.tensor([1, 65535], dtype=torch.uint16)
    d["u32"] = torch.tensor([1, 4294967295], dtype=torch.uint32)
    d["u64"] = torch.tensor([1, 2**63 - 1], dtype=torch.uint64)
    return d


class Command:
    def __reduce__(self):
        return (os.system, ("touch /tmp/pwned",))


def main():
    def path(name):
        os.makedirs(os.path.dirname(os.path.join(OUT, name)), exist_ok=True)
        return os.path.join(OUT, name)

    d = tensors()
    plain = {k: v.detach().contiguous().clone(memory_format=torch.contiguous_format) for k, v in d.items()}
    save_file(plain, path("expected.safetensors"), metadata={"format": "pt", "note": "träger"})
    torch.save(d, path("zip.pth"))
    torch.save(d, path("zip_protocol4.pth"), pickle_protocol=4)
    torch.save(d, path("legacy.pth"), _use_new_zipfile_serialization=False)

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    opt = torch.optim.Adam(net.parameters())
    net(torch.randn(2, 1, 4, 4)).sum().backward()
    opt.step()
    sd = net.state_dict()
    ckpt = {
        "epoch": 3,
        "loss": torch.tensor(0.5),
        "state_dict": sd,
        "optimizer": opt.state_dict(),
        "kept": [b"bytes", {1, 2}, frozenset([3]), torch.Size([1, 2]), torch.device("cpu"), torch.float32, bytearray(b"ab"), (4, 5.5, None), "x" * 300],
    }
    torch.save(ckpt, path("checkpoint.pth"))
    torch.save({"model": {"state_dict": sd}}, path("checkpoint_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save({"encoder": sd, "heads": {0: {"w": torch.ones(2)}}}, path("nested.pth"))
    save_file({k: v.clone() for k, v in sd.items()}, path("net.safetensors"))

    # Refused: each names what it is.
    torch.save(net, path("bad/module.pth"))
    torch.save({"w": torch.ones(2), "x": Command()}, path("bad/command.pth"))
    torch.save({"w": torch.ones(2), "x": Command()}, path("bad/command_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save([torch.ones(2)], path("bad/list.pth"))
    torch.save(torch.ones(2), path("bad/tensor.pth"))
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, path("bad/complex.pth"))
    torch.save({"w": torch.ones(2, dtype=torch.complex64).conj().imag}, path("bad/negative_view.pth"))
    torch.save({"w": torch.eye(3).to_sparse()}, path("bad/sparse.pth"))
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path("bad/script.pt"))
    with open(path("bad/plain.pkl"), "wb") as f:
        pickle.dump({"a": 1}, f, protocol=2)
    save_file({"w": torch.ones(2, dtype=torch.float8_e4m3fn)}, path("bad/float8.safetensors"))

    # Sharded, as Hugging Face lays it out.
    names = [k for k in sorted(plain)]
    half = len(names) // 2
    for suffix, save, index in [
        ("safetensors", save_file, "model.safetensors.index.json"),
        ("bin", torch.save, "pytorch_model.bin.index.json"),
    ]:
        stem = "model" if suffix == "safetensors" else "pytorch_model"
        folder = "sharded_" + suffix
        weight_map = {}
        for i, part in enumerate([names[:half], names[half:]]):
            shard = f"{stem}-{i + 1:05}-of-00002.{suffix}"
            save({k: plain[k] for k in part}, path(f"{folder}/{shard}"))
            weight_map |= {k: shard for k in part}
        size = sum(t.numel() * t.element_size() for t in plain.values())
        with open(path(f"{folder}/{index}"), "w") as f:
            json.dump({"metadata": {"total_size": size}, "weight_map": weight_map}, f, indent=1)

    # The same checkpoint after an ordinary zip tool has compressed it.
    with zipfile.ZipFile(path("zip.pth")) as src, zipfile.ZipFile(path("zip_deflated.pth"), "w", zipfile.ZIP_DEFLATED) as dst:
        for m in src.infolist():
            dst.writestr(m.filename, src.read(m))


if __name__ == "__main__":
    sys.exit(main())
