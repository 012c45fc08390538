"""The documented VGG16 recipe in PyTorch, and its rate.

    vgg_torch.py PHOTOS WEIGHTS.pth plain|best [--epochs N] [--bf16]
    vgg_torch.py PHOTOS MODEL.safetensors check --order STEPS.json

plain is how people write it: float32, the frozen layers in the graph. best has
channels_last, no graph for the frozen layers and, asked for, bfloat16. check trains in float32
on pictures that do not vary, in the order of a run of ours, from its first weights.
"""
import argparse

import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms as T

from common import Clock, ordered, pictures

p = argparse.ArgumentParser()
p.add_argument("data")
p.add_argument("weights")
p.add_argument("mode", choices=["plain", "best", "check"])
p.add_argument("--order")
p.add_argument("--epochs", type=int, default=1)
p.add_argument("--bf16", action="store_true")
a = p.parse_args()
torch.manual_seed(0)
normalize = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def head():
    return nn.Sequential(nn.Linear(25088, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 2))


model = torchvision.models.vgg16()
if a.mode == "check":
    from safetensors.torch import load_file

    state = load_file(a.weights)
    # The head's layers keep the numbers that they have in the file.
    model.classifier = head()
    heads = sorted(k for k in state if k.startswith("classifier."))
    for layer, number in zip((0, 2, 4), sorted({int(k.split(".")[1]) for k in heads})):
        model.classifier[layer].weight.data = state.pop(f"classifier.{number}.weight")
        model.classifier[layer].bias.data = state.pop(f"classifier.{number}.bias")
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys and all(k.startswith("classifier.") for k in missing.missing_keys), missing
else:
    model.load_state_dict(torch.load(a.weights))
    model.classifier = head()
prefix, tail = model.features[:24], nn.Sequential(model.features[24:], nn.Flatten(), model.classifier)
prefix.requires_grad_(False)
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4, eps=1e-7)
loss_of = nn.CrossEntropyLoss()

if a.mode == "check":
    resize = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), normalize])
    items = [(resize(Image.open(path).convert("RGB")), label) for path, label in pictures(a.data)]
    clock, n = Clock(), 0
    for step in ordered(items, a.order):
        loss = loss_of(tail(prefix(torch.stack([x for x, _ in step]))), torch.tensor([y for _, y in step]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.losses.append(loss.item())
        n += len(step)
    clock.done(n)
    raise SystemExit

vary = T.Compose([
    T.Resize(256), T.CenterCrop(224), T.RandomAffine(20, scale=(0.85, 1.15)), T.RandomHorizontalFlip(), T.ToTensor(), normalize,
])  # fmt: skip
loader = DataLoader(
    torchvision.datasets.ImageFolder(a.data, vary), batch_size=32, shuffle=True, num_workers=2, persistent_workers=True
)
best = a.mode == "best"
dtype = torch.bfloat16 if a.bf16 else torch.float32
if best:
    model = model.to(memory_format=torch.channels_last)
    prefix = prefix.to(dtype)
clock, n = Clock(), 0
for _ in range(a.epochs):
    for x, y in loader:
        if best:
            with torch.no_grad():
                x = prefix(x.to(dtype, memory_format=torch.channels_last))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16):
                loss = loss_of(tail(x), y)
        else:
            loss = loss_of(tail(prefix(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.losses.append(loss.item())
        n += len(y)
clock.done(n)
