"""Writes pkg/schedule/testdata/schedules.json: rates by PyTorch and transformers.

Versions: torch 2.11.0, transformers 5.23.0, Python 3.11.
Usage: python hack/goldens/schedule/schedules.py > pkg/schedule/testdata/schedules.json
"""

import json
import math
import sys
import warnings

import torch
import transformers
from torch.optim import lr_scheduler as L
from transformers import optimization as T

warnings.filterwarnings("ignore")
N = 100


def optimizer(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(lr, make, n=N):
    opt = optimizer(lr)
    sched = make(opt)
    out = []
    for _ in range(n):
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        sched.step()
    return out


cases = []


def case(kind, options, lr, make, n=N):
    cases.append({"kind": kind, "options": {"LR": lr, **options}, "rates": rates(lr, make, n)})


def warm(k, w):
    return min(1.0, k / max(1, w))


for w in (0, 10, 100):
    o = {"Steps": N, "Warmup": str(w)}
    case("linear", o, 5e-5, lambda opt: T.get_linear_schedule_with_warmup(opt, w, N))
    case("constant", o, 5e-5, lambda opt: T.get_constant_schedule_with_warmup(opt, w))
    case("cosine", o, 2e-5, lambda opt: T.get_cosine_schedule_with_warmup(opt, w, N))
    case("cosine", {**o, "Cycles": 1.75}, 2e-5, lambda opt: T.get_cosine_schedule_with_warmup(opt, w, N, 1.75))
    # transformers divides by zero where the warm-up takes all steps.
    for power in (0.5, 1.0, 3.0) if w < N else ():
        case("polynomial", {**o, "Power": power}, 1e-3,
             lambda opt: T.get_polynomial_decay_schedule_with_warmup(opt, w, N, power=power))
# The fraction's rounding is that of transformers.TrainingArguments.
for total, frac in ((100, 0.1), (77, 0.1), (33, 0.06)):
    w = transformers.TrainingArguments(output_dir="x", warmup_steps=frac, use_cpu=True).get_warmup_steps(total)
    case("linear", {"Steps": total, "Warmup": str(frac)}, 5e-5,
         lambda opt: T.get_linear_schedule_with_warmup(opt, w, total), total)
case("polynomial", {"Steps": N, "Power": 1.0, "End": 1e-5}, 1e-3,
     lambda opt: T.get_polynomial_decay_schedule_with_warmup(opt, 0, N, lr_end=1e-5, power=1.0))
case("cosine", {"Steps": N, "End": 1e-6}, 1e-4, lambda opt: L.CosineAnnealingLR(opt, N, eta_min=1e-6))
for total, rises in ((100, (0.3,)), (37, (0.1, 0.45))):
    for rise in rises:
        for straight in (False, True):
            for three in (False, True):
                case("one-cycle", {"Steps": total, "Rise": rise, "Straight": straight, "ThreePhase": three}, 1e-2,
                     lambda opt: L.OneCycleLR(opt, 1e-2, total, pct_start=rise, three_phase=three,
                                              anneal_strategy="linear" if straight else "cos",
                                              cycle_momentum=False), total)
case("one-cycle", {"Steps": N, "Div": 10.0, "FinalDiv": 100.0}, 3e-3,
     lambda opt: L.OneCycleLR(opt, 3e-3, N, div_factor=10, final_div_factor=100, cycle_momentum=False))
for every, gamma in ((30, 0.1), (7, 0.5), (1, 0.97)):
    case("step", {"Every": every, "Gamma": gamma}, 1e-2, lambda opt: L.StepLR(opt, every, gamma))
case("step", {"Every": 30, "Gamma": 0.5, "Warmup": "10"}, 1e-2,
     lambda opt: L.LambdaLR(opt, lambda k: warm(k, 10) * 0.5 ** (k // 30)))
case("multi-step", {"Milestones": [30, 80], "Gamma": 0.1}, 1e-2, lambda opt: L.MultiStepLR(opt, [30, 80], 0.1))
case("multi-step", {"Milestones": [50, 10, 50], "Gamma": 0.3}, 1e-2, lambda opt: L.MultiStepLR(opt, [50, 10, 50], 0.3))
case("exponential", {"Gamma": 0.95}, 1e-2, lambda opt: L.ExponentialLR(opt, 0.95))

# Reduce on plateau: the metric of evaluation i, then the rate after it.
noise = torch.Generator().manual_seed(0)
noisy = torch.randn(N, generator=noise, dtype=torch.float64).mul(0.05).tolist()
falling = [0.7 * math.exp(-i / 15) + 0.2 + abs(noisy[i]) for i in range(N)]
metrics = [falling, [1 - v for v in falling], [v - 1 for v in falling]]
plateaus = []
for series, mode in enumerate(("min", "max", "min")):
    for threshold_mode in ("rel", "abs"):
        for patience, cooldown, factor, threshold, min_lr in (
            (10, 0, 0.1, 1e-4, 0.0), (0, 0, 0.5, 1e-4, 0.0), (2, 3, 0.5, 1e-2, 1e-5), (1, 1, 0.9, 0.0, 0.0),
        ):
            opt = optimizer(1e-3)
            s = L.ReduceLROnPlateau(opt, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr)
            after = []
            for v in metrics[series]:
                s.step(v)
                after.append(opt.param_groups[0]["lr"])
            plateaus.append({
                "options": {
                    "LR": 1e-3, "Factor": factor, "Min": min_lr,
                    # In Go 0 asks for the default and a negative value for 0.
                    "Plateau": {"Max": mode == "max", "Absolute": threshold_mode == "abs", "Cooldown": cooldown,
                                "Patience": patience or -1, "Threshold": threshold or -1},
                },
                "metrics": series, "rates": after, "best": s.best, "bad": s.num_bad_epochs,
                "cooldown": s.cooldown_counter,
            })

json.dump({"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
           "schedules": cases, "metrics": metrics, "plateaus": plateaus}, sys.stdout, separators=(",", ":"))
print()
