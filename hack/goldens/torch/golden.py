"""Golden values for pkg/torch: every operator and layer against PyTorch.

Made with PyTorch 2.11.0 on the CPU:

    python hack/goldens/torch/golden.py > pkg/torch/testdata/golden.json

Each case holds named inputs, the output, dy (what the output is multiplied by
before it is summed and differentiated) and the inputs' gradients. The optimiser
cases hold the data, the losses of ten steps and the state after them.
"""

import json
import sys

import torch
import torch.nn.functional as F

assert torch.__version__.startswith("2.11.0"), torch.__version__
torch.set_num_threads(1)
torch.manual_seed(20)


def array(t):
    t = t.detach().contiguous()
    shape = list(t.shape)
    if t.is_floating_point():
        # The shortest decimals that give the same float32 back.
        data = [float(str(v)) for v in t.float().numpy().ravel()]
        return {"shape": shape, "data": data}
    return {"shape": shape, "ints": [int(v) for v in t.ravel()]}


def arrays(ts):
    return {name: array(t) for name, t in ts.items()}


cases = {}


def case(name, f, ints=None, **floats):
    """Runs f on leaves made from floats, and differentiates what it returns."""
    ins = {k.replace("__", "."): v.clone().requires_grad_() for k, v in floats.items()}
    ints = ints or {}
    out = f(**{k.replace(".", "__"): v for k, v in ins.items()}, **ints)
    dy = torch.randn_like(out) if out.dim() else torch.ones_like(out)
    (out * dy).sum().backward()
    cases[name] = {
        "in": arrays(ins),
        "ints": arrays(ints),
        "out": array(out),
        "dy": array(dy),
        "grad": {k: array(v.grad) for k, v in ins.items() if v.grad is not None},
    }


x = torch.randn(3, 5)
for op in ("relu", "tanh", "sigmoid", "exp", "abs", "neg"):
    case(op, getattr(torch, op), input=x)
for op in ("log", "sqrt"):
    case(op, getattr(torch, op), input=x.abs() + 0.1)
case("gelu", F.gelu, input=x)
case("gelu_tanh", lambda input: F.gelu(input, approximate="tanh"), input=x)
case("softmax", lambda input: torch.softmax(input, 1), input=x)
case("log_softmax", lambda input: torch.log_softmax(input, 0), input=x)
case("sum", torch.sum, input=x)
case("mean", torch.mean, input=x)
case("sum_dims", lambda input: input.sum((0, 2)), input=torch.randn(2, 3, 4))
case("mean_dims", lambda input: input.mean((-1, 1)), input=torch.randn(2, 3, 4))
for op in ("add", "sub", "mul", "div"):
    case(op, getattr(torch, op), input=torch.randn(3, 1, 4), other=torch.randn(2, 1).abs() + 0.5)
case("matmul", torch.matmul, input=torch.randn(2, 3, 4), other=torch.randn(4, 5))
case("add_scalar", lambda input: input + 1.5, input=x)
case("mul_scalar", lambda input: input * -2.25, input=x)

case("linear", lambda input, l__weight, l__bias: F.linear(input, l__weight, l__bias),
     input=torch.randn(2, 3, 4), l__weight=torch.randn(5, 4), l__bias=torch.randn(5))
case("layer_norm", lambda input, l__weight, l__bias: F.layer_norm(input, (6,), l__weight, l__bias, 1e-12),
     input=torch.randn(2, 3, 6) * 3 + 1, l__weight=torch.randn(6), l__bias=torch.randn(6))
case("embedding", lambda l__weight, ids: F.embedding(ids, l__weight, padding_idx=1),
     ints={"ids": torch.tensor([[0, 3, 1], [1, 4, 3]])}, l__weight=torch.randn(5, 4))
case("conv2d", lambda input, l__weight, l__bias: F.conv2d(input, l__weight, l__bias, stride=2, padding=1),
     input=torch.randn(2, 3, 7, 6), l__weight=torch.randn(4, 3, 3, 3), l__bias=torch.randn(4))
case("conv2d_no_bias", lambda input, l__weight: F.conv2d(input, l__weight),
     input=torch.randn(1, 2, 5, 5), l__weight=torch.randn(3, 2, 3, 3))
case("max_pool2d", lambda input: F.max_pool2d(input, 3, 2, 1), input=torch.randn(2, 2, 7, 6))
case("adaptive_avg_pool2d", lambda input: F.adaptive_avg_pool2d(input, (3, 2)), input=torch.randn(2, 2, 7, 5))

q, k, v = torch.randn(2, 2, 3, 4), torch.randn(2, 2, 5, 4), torch.randn(2, 2, 5, 4)
attended = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]).bool().view(2, 1, 1, 5)
sdpa = F.scaled_dot_product_attention
case("attention", lambda q, k, v: sdpa(q, k, v), q=q, k=k, v=v)
case("attention_mask", lambda q, k, v, mask: sdpa(q, k, v, attn_mask=mask.bool()),
     ints={"mask": attended.long()}, q=q, k=k, v=v)
case("attention_added", lambda q, k, v, mask: sdpa(q, k, v, attn_mask=(1 - mask.float()) * -1e4),
     ints={"mask": attended.long()}, q=q, k=k, v=v)
case("attention_causal", lambda q, k, v: sdpa(q, k, v, is_causal=True), q=q, k=torch.randn(2, 2, 3, 4), v=torch.randn(2, 2, 3, 4))

logits, labels = torch.randn(4, 3) * 2, {"labels": torch.tensor([2, 0, 1, 2])}
weights = torch.tensor([0.5, 2.0, 1.25])
case("cross_entropy", lambda logits, labels: F.cross_entropy(logits, labels), ints=labels, logits=logits)
case("cross_entropy_sum", lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum"), ints=labels, logits=logits)
case("cross_entropy_smooth", lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1), ints=labels, logits=logits)
case("cross_entropy_weights", lambda logits, labels: F.cross_entropy(logits, labels, weight=weights), ints=labels, logits=logits)
case("cross_entropy_all", lambda logits, labels: F.cross_entropy(logits, labels, weight=weights, reduction="sum", label_smoothing=0.2),
     ints=labels, logits=logits)
case("cross_entropy_soft", lambda logits, target: F.cross_entropy(logits, target), logits=logits, target=torch.softmax(torch.randn(4, 3), 1))


def batch_norm():
    """Two training batches, then one in evaluation: outputs, statistics, gradients."""
    bn = torch.nn.BatchNorm2d(3)
    with torch.no_grad():
        bn.weight.copy_(torch.randn(3))
        bn.bias.copy_(torch.randn(3))
    start = {"l." + n: p.clone() for n, p in bn.named_parameters()}
    xs = [torch.randn(2, 3, 4, 4) * 2 + 1 for _ in range(3)]
    ys = []
    for x in xs[:2]:
        ys.append(bn(x))
    dy = torch.randn_like(ys[1])
    (ys[1] * dy).sum().backward()
    bn.eval()
    ys.append(bn(xs[2]))
    return {
        "in": arrays(start),
        "x": [array(x) for x in xs],
        "y": [array(y) for y in ys],
        "dy": array(dy),
        "grad": {"l." + n: array(p.grad) for n, p in bn.named_parameters()},
        "stats": {"l." + n: array(b) for n, b in bn.named_buffers()},
    }


def clip():
    """Gradients of a sum of squares before and after both ways of clipping."""
    ps = {"a": torch.randn(3, 2) * 2, "b": torch.randn(4)}

    def grads():
        leaves = {n: p.clone().requires_grad_() for n, p in ps.items()}
        sum((p * p).sum() for p in leaves.values()).backward()
        return leaves

    by_norm, by_value = grads(), grads()
    norm = torch.nn.utils.clip_grad_norm_(by_norm.values(), 1.5)
    torch.nn.utils.clip_grad_value_(by_value.values(), 0.75)
    return {
        "in": arrays(ps),
        "norm": array(norm),
        "by_norm": {n: array(p.grad) for n, p in by_norm.items()},
        "by_value": {n: array(p.grad) for n, p in by_value.items()},
    }


def adam(make, **options):
    """Ten steps of a small classifier, with the losses before each."""
    params = {"w": torch.randn(4, 3), "b": torch.zeros(3)}
    leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
    opt = make(leaves.values(), foreach=False, fused=False, **options)
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    losses = []
    for _ in range(10):
        loss = F.cross_entropy(x @ leaves["w"] + leaves["b"], y)
        losses.append(loss.detach())
        opt.zero_grad()
        loss.backward()
        opt.step()
    state = opt.state
    return {
        "in": arrays(params),
        "x": array(x),
        "labels": array(y),
        "lr": options["lr"],
        "eps": options.get("eps", 1e-8),
        "weight_decay": options.get("weight_decay", 0.01 if make is torch.optim.AdamW else 0.0),
        "decoupled": make is torch.optim.AdamW,
        "losses": array(torch.stack(losses)),
        "after": arrays(leaves),
        "m": {n: array(state[p]["exp_avg"]) for n, p in leaves.items()},
        "v": {n: array(state[p]["exp_avg_sq"]) for n, p in leaves.items()},
    }


golden = {
    "torch": torch.__version__,
    "cases": cases,
    "batch_norm": batch_norm(),
    "clip": clip(),
    "adam": {
        "adam": adam(torch.optim.Adam, lr=0.05),
        "adam_l2": adam(torch.optim.Adam, lr=0.05, weight_decay=0.1),
        "adam_keras_eps": adam(torch.optim.Adam, lr=1e-2, eps=1e-7),
        "adamw": adam(torch.optim.AdamW, lr=0.05, weight_decay=0.1),
        "adamw_eps": adam(torch.optim.AdamW, lr=1e-2, eps=1e-7, weight_decay=0.01),
    },
}
json.dump(golden, sys.stdout, separators=(",", ":"))
print()
