"""Augments pictures that are already decoded with torchvision's v2 transforms.

    pictures.py PHOTOS WORKERS
"""
import sys

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, read_image
from torchvision.transforms import v2

from common import Clock
from common import pictures as listed

torch.set_num_threads(1)
short = v2.Resize(256, antialias=True)
kept = [(short(read_image(path, ImageReadMode.RGB)), label) for path, label in listed(sys.argv[1])]
vary = v2.Compose([
    v2.CenterCrop(224), v2.RandomAffine(20, scale=(0.85, 1.15), interpolation=v2.InterpolationMode.BILINEAR),
    v2.RandomHorizontalFlip(),
])  # fmt: skip


class Kept(Dataset):
    def __len__(self):
        return len(kept)

    def __getitem__(self, i):
        x, y = kept[i]
        return vary(x), y


workers = int(sys.argv[2])
loader = DataLoader(Kept(), 32, shuffle=True, num_workers=workers if workers > 1 else 0, persistent_workers=workers > 1)
for _ in loader:  # the workers start here
    pass
clock, n = Clock(), 0
for _ in range(3):
    for x, _ in loader:
        n += len(x)
clock.done(n)
