"""Goldens of pkg/train: a hundred steps of PyTorch's optimisers, losses and schedules.

torch 2.11.0, transformers 5.23.0. Writes pkg/train/testdata/parity.json: a small network's weights, a batch's
examples, and for every case the loss of each step and the weights (and, with an average, its weights) at the end.
"""
import json
import pathlib

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler as L
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers.optimization import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
    get_polynomial_decay_schedule_with_warmup,
)

torch.set_num_threads(1)
STEPS, N, IN, HIDDEN, C = 100, 24, 6, 8, 3


def network():
    g = torch.Generator().manual_seed(1)
    m = torch.nn.Sequential()
    m.add_module("hidden", torch.nn.Linear(IN, HIDDEN))
    m.add_module("norm", torch.nn.LayerNorm(HIDDEN))
    m.add_module("act", torch.nn.Tanh())
    m.add_module("out", torch.nn.Linear(HIDDEN, C))
    with torch.no_grad():
        for name, p in m.named_parameters():
            if name != "norm.weight":
                p.copy_(torch.randn(p.shape, generator=g) * 0.4)
    return m


g = torch.Generator().manual_seed(2)
X = torch.randn(N, IN, generator=g)
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).long() + (X[:, 3] > 0.8).long()

CASES = {
    "adamw": {},
    "adamw-decay": {"decay": 0.1},
    "adamw-betas-eps": {"beta1": 0.8, "beta2": 0.98, "eps": 1e-6},
    "adam": {"coupled": True, "decay": 0.0, "eps": 1e-7},
    "adam-decay": {"coupled": True, "decay": 0.05},
    "smoothing": {"smoothing": 0.1},
    "weights": {"weights": [0.5, 1.0, 2.5]},
    "smoothing-weights": {"smoothing": 0.2, "weights": [0.5, 1.0, 2.5]},
    "clip-norm": {"clip": 0.2},
    "clip-value": {"clip_value": 0.01},
    "clip-both": {"clip_value": 0.02, "clip": 0.05},
    "ema": {"ema": 0.95},
    "constant-warmup": {"schedule": "constant", "warmup": 10},
    "linear": {"schedule": "linear", "warmup": 10},
    "cosine": {"schedule": "cosine", "warmup": 10},
    "polynomial": {"schedule": "polynomial", "warmup": 10},
    "one-cycle": {"schedule": "one-cycle", "warmup": 30},
    "step": {"schedule": "step"},
    "plateau": {"schedule": "plateau"},
    "groups": {"scale": {"hidden": 0.25, "norm": 0.5, "out": 1.0}},
}


def scheduler(opt, c, lr):
    w = c.get("warmup", 0)
    match c.get("schedule", "constant"):
        case "constant":
            return get_constant_schedule_with_warmup(opt, w)
        case "linear":
            return get_linear_schedule_with_warmup(opt, w, STEPS)
        case "cosine":
            return get_cosine_schedule_with_warmup(opt, w, STEPS)
        case "polynomial":
            return get_polynomial_decay_schedule_with_warmup(opt, w, STEPS, lr_end=0.0, power=2.0)
        case "one-cycle":
            return L.OneCycleLR(opt, lr, total_steps=STEPS, pct_start=w / STEPS, cycle_momentum=False)
        case "step":
            return L.StepLR(opt, 30, gamma=0.1)
        case "plateau":
            return L.ReduceLROnPlateau(opt, factor=0.5, patience=2, threshold=1e-4)


def run(c):
    lr = 1e-2
    m = network()
    groups = []
    for name, p in m.named_parameters():
        decays = p.dim() == 2
        groups.append({"params": [p], "lr": lr * c.get("scale", {}).get(name.split(".")[0], 1.0),
                       "weight_decay": c.get("decay", 0.01) if decays else 0.0})
    kind = torch.optim.Adam if c.get("coupled") else torch.optim.AdamW
    opt = kind(groups, betas=(c.get("beta1", 0.9), c.get("beta2", 0.999)), eps=c.get("eps", 1e-8), foreach=False, fused=True)
    sched = scheduler(opt, c, lr)
    w = torch.tensor(c["weights"]) if "weights" in c else None
    ema = AveragedModel(m, multi_avg_fn=get_ema_multi_avg_fn(c["ema"])) if "ema" in c else None
    losses, norms = [], []
    for k in range(STEPS):
        loss = F.cross_entropy(m(X), Y, weight=w, label_smoothing=c.get("smoothing", 0.0), reduction="mean")
        opt.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.get_total_norm([p.grad for p in m.parameters()]).item())
        if "clip_value" in c:
            torch.nn.utils.clip_grad_value_(m.parameters(), c["clip_value"])
        if "clip" in c:
            torch.nn.utils.clip_grad_norm_(m.parameters(), c["clip"])
        opt.step()
        if c.get("schedule") == "plateau":
            # A metric that stalls: every ten steps, so that the rate falls.
            if k % 10 == 9:
                sched.step(1.0 / (1 + min(k, 29)))
        else:
            sched.step()
        if ema is not None:
            ema.update_parameters(m)
        losses.append(loss.item())
    out = {"options": c, "losses": losses, "norms": norms,
           "weights": {n: p.detach().flatten().tolist() for n, p in m.named_parameters()}}
    if ema is not None:
        out["ema"] = {n: p.detach().flatten().tolist() for n, p in ema.module.named_parameters()}
    return out


m = network()
golden = {
    "x": X.flatten().tolist(), "y": Y.tolist(),
    "weights": {n: p.detach().flatten().tolist() for n, p in m.named_parameters()},
    "cases": {name: run(c) for name, c in CASES.items()},
}
path = pathlib.Path(__file__).resolve().parents[3] / "pkg/train/testdata/parity.json"
path.write_text(json.dumps(golden) + "\n")
