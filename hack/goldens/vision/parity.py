"""Logits, gradients, training losses and running statistics of torchvision's
classifiers: pkg/vision/testdata/torchvision.json and torchvision.safetensors.

python hack/goldens/vision/parity.py [ARCHITECTURE...]    torch 2.11.0, torchvision 0.26.0

Weights and input are hashes of their names and places, equal in float32 to the bit to
those that the test makes, so none are stored. Logits and gradients are computed in
float64; "float32" in the .json is how far PyTorch itself is from them in float32. Training
is in float32: what rounding does to the weights step by step is a part of it, some 1e-5 of
the tenth loss.

Of each gradient, and of each running statistic after ten steps, the .safetensors keeps a
sketch of 8 numbers: every element, with a random sign, is added to a random one of them,
so that the squared distance of two sketches is on average that of the tensors.
"""

import hashlib, json, math, pathlib, sys
import numpy as np
import torch, torchvision
from safetensors.numpy import load_file, save_file

CLASSES, STEPS, BUCKETS = 3, 10, 8
VGGS = [f"vgg{d}{n}" for d in (11, 13, 16, 19) for n in ("", "_bn")]
RESNETS = [f"resnet{d}" for d in (18, 34, 50, 101, 152)]
# What trains where the rest is frozen: the recipe's choice.
FROZEN = {"resnet18": ["layer4.", "fc."], "vgg11_bn": ["features.22.", "features.23.", "features.25.", "features.26.", "classifier."]}


def mix(n, seed):
    """n hashed numbers of 32 bits: the finish of MurmurHash3 on a Weyl sequence."""
    h = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h


def seed(name):
    """FNV-1a."""
    h = 2166136261
    for b in name.encode():
        h = (h ^ b) * 16777619 & 0xFFFFFFFF
    return h


def uniform(name, n):
    """float32 in [-1, 1), multiples of 2^-23."""
    return (mix(n, seed(name)) >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)


def fill(model, arch, gate):
    """Sets weights that keep the signal's size from layer to layer. gate shifts the norms'
    outputs by two standard deviations, up and down in turn: few values then lie so near to
    0 that rounding decides whether ReLU passes them, as gradients need. Logits need the
    opposite: that shifts do not drown the input."""
    norms = {n for n, m in model.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    last = ".bn3." if arch in ("resnet50", "resnet101", "resnet152") else ".bn2."
    for name, t in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            t.zero_()
            continue
        v = uniform(name, t.numel())
        # The end of a block adds to its input; 50 of them add up.
        branch = np.float32(1 if last not in name else 1 / 16 if gate else 1 / 4)
        if t.dim() > 1:
            v *= np.float32(math.sqrt(6 / (t.numel() // t.shape[0])))  # He's variance: the signal keeps its size
        elif name.endswith("running_var"):
            v = np.float32(1) + v / np.float32(8)
        elif name.endswith("weight"):
            v = (np.float32(1) + v / np.float32(8)) * branch
        else:
            v /= np.float32(32)
            if gate and name.endswith("bias") and name[: -len(".bias")] in norms:
                v = (v + np.where(np.arange(len(v)) % 2 == 0, 2, -2).astype(np.float32)) * branch
        t.copy_(torch.from_numpy(v).reshape(t.shape))


def make(arch, head, side, dtype, gate=True):
    with torch.device("meta"):  # draws nothing
        m = getattr(torchvision.models, arch)(num_classes=CLASSES)
        if head == "documented":
            n = 512 * (side // 32) ** 2
            m.avgpool = torch.nn.Identity()
            m.classifier = torch.nn.Sequential(
                torch.nn.Linear(n, 256), torch.nn.ReLU(), torch.nn.Identity(), torch.nn.Linear(256, 128), torch.nn.ReLU(),
                torch.nn.Identity(), torch.nn.Linear(128, CLASSES))
    m.to_empty(device="cpu")
    for x in m.modules():
        if isinstance(x, torch.nn.Dropout):
            x.p = 0.0
    with torch.no_grad():
        fill(m, arch, gate)
    return m.to(dtype)


def sketch(name, t):
    h = mix(t.numel(), seed(name))
    v = t.detach().double().flatten().numpy() * np.where(h & 1, 1.0, -1.0)
    return np.bincount((h >> 1) % BUCKETS, weights=v, minlength=BUCKETS)


def data(side, dtype):
    x = torch.from_numpy(uniform("input", 2 * 3 * side * side) * np.float32(2)).reshape(2, 3, side, side).to(dtype)
    x[1] *= 0.25
    return x, torch.tensor([0, 2])


def once(arch, head, side, dtype):
    """Logits in evaluation, and the gradients of a training step."""
    x, y = data(side, dtype)
    with torch.no_grad():
        logits = make(arch, head, side, dtype, gate=False).eval()(x).flatten().double().numpy()
    m = make(arch, head, side, dtype)
    torch.nn.functional.cross_entropy(m.train()(x), y).backward()
    return m, logits, {n: p.grad for n, p in m.named_parameters()}


def rate(arch):
    """A power of 2: the first update, which is the rate for every weight, is exact in
    float32. Without norms the loss moves eight times as fast."""
    return 2**-20 if arch in RESNETS or arch.endswith("_bn") else 2**-23


def train(arch, head, side, eps, trainable=None):
    m = make(arch, head, side, torch.float32).train()
    x, y = data(side, torch.float32)
    if trainable:
        for n, p in m.named_parameters():
            p.requires_grad = n.startswith(tuple(trainable))
        for n, k in m.named_modules():
            if isinstance(k, torch.nn.BatchNorm2d) and not (n + ".").startswith(tuple(trainable)):
                k.eval()
    opt = torch.optim.Adam([p for p in m.parameters() if p.requires_grad], lr=rate(arch), eps=eps)
    losses = []
    for _ in range(STEPS):
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(m(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return m, losses


def statistics(m):
    rows = [sketch(n, b) for n, b in m.named_buffers() if not n.endswith("num_batches_tracked")]
    return np.array(rows, dtype=np.float32)


def far(a, b):
    return float((a.double() - b).norm())


def golden(arch, head, numbers):
    side = 32 if arch.startswith("vgg") else 64
    key = f"{arch}/{head}"
    m, logits, grads = once(arch, head, side, torch.float64)
    g = {"side": side, "rate": rate(arch), "logits": logits.tolist()}
    text = "".join(f"{n} {list(t.shape)}\n" for n, t in m.state_dict().items())
    g["tensors"] = hashlib.sha256(text.encode()).hexdigest()
    numbers[key + "/gradients"] = np.array([sketch(n, t) for n, t in grads.items()], dtype=np.float32)
    numbers[key + "/norms"] = np.array([t.norm() for t in grads.values()], dtype=np.float32)
    _, logits32, grads32 = once(arch, head, side, torch.float32)
    total = math.sqrt(sum(float(t.norm()) ** 2 for t in grads.values()))
    g["float32"] = {
        "logits": float(np.abs(logits32 - logits).max() / np.abs(logits).max()),
        "gradients": max(far(grads32[n], t) / (float(t.norm()) + 0.01 * total) for n, t in grads.items()),
    }
    if head == "documented" or arch in RESNETS:
        g["losses"] = {}
        for eps in (1e-7, 1e-8):
            m, g["losses"][f"{eps:g}"] = train(arch, head, side, eps)
        if statistics(m).size:
            numbers[key + "/statistics"] = statistics(m)
        if arch in FROZEN:
            m, g["frozen"] = train(arch, head, side, 1e-7, FROZEN[arch])
            numbers[key + "/frozen"] = statistics(m)
    return key, g


if __name__ == "__main__":
    torch.set_num_threads(2)
    folder = pathlib.Path(__file__).resolve().parents[3] / "pkg/vision/testdata"
    cases, numbers = {}, {}
    if sys.argv[1:]:  # these anew, the others as they are
        cases = json.loads((folder / "torchvision.json").read_text())
        numbers = load_file(folder / "torchvision.safetensors")
    for arch in sys.argv[1:] or VGGS + RESNETS:
        for head in ("documented", "original") if arch in VGGS else ("original",):
            key, g = golden(arch, head, numbers)
            cases[key] = g
            print(key, g["float32"], *(f"{v[0]:.3f} to {v[-1]:.3f}" for v in g.get("losses", {}).values()), flush=True)
    (folder / "torchvision.json").write_text(json.dumps(dict(sorted(cases.items())), indent=1) + "\n")
    save_file(dict(sorted(numbers.items())), folder / "torchvision.safetensors")
