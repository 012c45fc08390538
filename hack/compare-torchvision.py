#!/usr/bin/env python3
"""Compares `vggft predict` with torchvision on the model that vggft saved.

    hack/compare-torchvision.py RUN PICTURES

PICTURES is a folder of them, at any depth. Both sides run in float32 on the same bytes:
pictures of the network's size, stored without loss. The script fails where a label
differs, or a probability by more than 1e-4. It then tells, without judging, how far apart
the two are on the files themselves, each side decoding and resizing in its own way. Needs
torch, torchvision, safetensors and pillow (checked with 2.11.0, 0.26.0, 0.8.0 and
13.0.0), and bin/vggft.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import torchvision
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import nn
from torchvision.transforms import functional as F

VGGFT = pathlib.Path(__file__).resolve().parents[1] / "bin/vggft"


def load(folder):
    """The network of torchvision that config.json describes, with our weights."""
    cfg = json.loads((folder / "config.json").read_text())
    classes, size = len(cfg["labels"]), cfg["image_size"]
    m = torchvision.models.get_model(cfg["architecture"], weights=None, num_classes=classes)
    for norm in (n for n in m.modules() if isinstance(n, nn.BatchNorm2d)):
        norm.eps = cfg.get("bn_eps") or norm.eps
    vgg = cfg["architecture"].startswith("vgg")
    width = 512 * (size // 32) ** 2 if vgg else m.fc.in_features
    head = {
        "original": None,
        "linear": nn.Linear(width, classes),
        "documented": nn.Sequential(nn.Linear(width, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, classes)),
    }[cfg["head"]]
    if head and vgg:
        m.avgpool, m.classifier = nn.Identity(), head
    elif head:
        m.fc = head
    if cfg.get("stride_in_1x1"):
        for stage in (m.layer2, m.layer3, m.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    m.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    return cfg, m.eval()


def probabilities(cfg, m, images):
    """Of PIL images of the network's size."""
    x = torch.stack([F.pil_to_tensor(i) for i in images]).float() / 255
    if cfg["channel_order"] == "BGR":
        x = x.flip(1)
    with torch.no_grad():
        return m(F.normalize(x, cfg["image_mean"], cfg["image_std"])).softmax(-1)


def square(cfg, img):
    size = cfg["image_size"]
    if cfg["fit"] == "stretch":
        return F.resize(img, [size, size], antialias=True)
    return F.center_crop(F.resize(img, cfg["resize_short_side"], antialias=True), [size, size])


def predict(model, paths):
    out = subprocess.run([VGGFT, "predict", model, *paths, "--precision", "fp32", "--on-bad", "fail"], check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == len(paths), (len(rows), len(paths))
    return rows


def compare(cfg, ours, theirs):
    labels = sum(row["label"] != cfg["labels"][int(p.argmax())] for row, p in zip(ours, theirs))
    worst = max(abs(row["scores"][c] - float(p[k])) for row, p in zip(ours, theirs) for k, c in enumerate(cfg["labels"]))
    return labels, worst


def main():
    run = pathlib.Path(sys.argv[1])
    folder = run / "model" if (run / "model").is_dir() else run
    kinds = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
    paths = sorted(p for p in pathlib.Path(sys.argv[2]).rglob("*") if p.suffix.lower() in kinds)
    if not paths:
        sys.exit(f"{sys.argv[2]}: no pictures")
    cfg, m = load(folder)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        # The same model for pictures that are the network's input already.
        (tmp / "model").mkdir()
        (tmp / "model/config.json").write_text(json.dumps({**cfg, "resize_short_side": cfg["image_size"], "fit": "crop"}))
        (tmp / "model/model.safetensors").symlink_to((folder / "model.safetensors").resolve())
        squares, theirs = [], []
        for i in range(0, len(paths), 16):
            images = [square(cfg, ImageOps.exif_transpose(Image.open(p)).convert("RGB")) for p in paths[i : i + 16]]
            for k, img in enumerate(images):
                squares.append(tmp / f"{i + k:06}.png")
                img.save(squares[-1])
            theirs.extend(probabilities(cfg, m, images))
        labels, worst = compare(cfg, predict(tmp / "model", squares), theirs)
    print(f"{len(paths)} pictures as PNG: {labels} labels differ, probabilities by at most {worst:.2g}")
    print("the files themselves: {} labels differ, probabilities by at most {:.2g}".format(*compare(cfg, predict(folder, paths), theirs)))
    sys.exit(labels > 0 or worst > 1e-4)


if __name__ == "__main__":
    main()
