"""Runs gotune and its peers in turn on the same work, and writes the ratios.

    run.py BIN FOLDER [--rows REGEXP] [--rounds N] [--out RESULTS.md]

A row is a piece of work, ours and a peer's. Each round runs one after the other, so
that what else the machine does meets both; the ratio is taken within the round, and
the table shows the median of the rounds and their spread.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

p = argparse.ArgumentParser()
p.add_argument("bin", type=pathlib.Path)
p.add_argument("folder", type=pathlib.Path)
p.add_argument("--rows", default=".")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--out", type=pathlib.Path)
a = p.parse_args()
here = pathlib.Path(__file__).resolve().parent
data, python = a.folder / "data", a.folder / "venv/bin/python"
work = pathlib.Path(tempfile.mkdtemp(prefix="gotune-bench-"))
MB = 1 << 20


class Failed(Exception):
    pass


def run(*command):
    """Runs command: its JSON, or text; whole seconds; peak memory in bytes."""
    command = [str(c) for c in command]
    start = time.perf_counter()
    with open(work / "stdout", "w+") as out, open(work / "stderr", "w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0), err.seek(0)
        text, log = out.read().strip(), err.read()
    if child.returncode:
        raise Failed(f"{' '.join(command)}: exit status {child.returncode}\n{log[-2000:]}")
    try:
        result = json.loads(text.splitlines()[-1])
    except (IndexError, ValueError):
        result = None
    return {"result": result if isinstance(result, dict) else {}, "wall": wall, "peak": usage.ru_maxrss * 1024}


def fresh(name):
    """A folder that is not there."""
    shutil.rmtree(work / name, ignore_errors=True)
    return work / name


def order(name, n, batch, epochs=1, seed=42):
    path = work / f"order-{name}.json"
    path.write_text(subprocess.check_output(
        [a.bin / "probe", "order", "--n", str(n), "--batch", str(batch), "--epochs", str(epochs), "--seed", str(seed)], text=True
    ))  # fmt: skip
    return path


def count(name):
    return sum(1 for _ in __import__("csv").DictReader(open(data / name, newline="", encoding="utf-8")))


def peer(script, *args):
    """A peer's script; its rate is examples by seconds of the work alone."""
    r = run(python, here / "peers" / script, *args)
    if "examples" in r["result"]:
        r["rate"] = r["result"]["examples"] / r["result"]["seconds"]
    return r


def bertft(table, *flags, model="minilm"):
    out = fresh("bertft")
    r = run(a.bin / "bertft", "train", data / table, "--model", data / model, "--val-fraction", "0", "--epochs", "1",
            "--out", out, "--json", *flags)  # fmt: skip
    r["rate"] = r["result"]["examples_per_second"]
    r["losses"] = losses(out)
    return r


def vggft(*flags, epochs=1, photos="photos", weights=data / "vgg16.pth"):
    out = fresh("vggft")
    arch = ["--arch", "vgg16"] if weights.suffix == ".pth" else []
    r = run(a.bin / "vggft", "train", data / photos, "--model", weights, *arch, "--val-fraction", "0",
            "--epochs", epochs, "--out", out, "--json", *flags)  # fmt: skip
    r["rate"] = r["result"]["examples_per_second"]
    r["losses"] = losses(out)
    return r


def losses(out):
    lines = (json.loads(line) for line in open(out / "metrics.jsonl"))
    return [e["loss"] for e in lines if "grad_norm" in e]


def probe(*args):
    return run(a.bin / "probe", *args)


def rate_of(r, key=None):
    d = r["result"][key] if key else r["result"]
    return {**r, "rate": d["items"] / d["seconds"]}


def timed_eval():
    r = run(a.bin / "bertft", "eval", data / "minilm", data / "reviews.csv", "--json")
    # What the work alone takes: the peer's clock starts behind its loading too.
    start = run(a.bin / "bertft", "predict", data / "minilm", "A fine film.")["wall"]
    return {**r, "rate": r["result"]["examples"] / (r["wall"] - start)}


def timed_predict():
    r = run(a.bin / "bertft", "predict", data / "minilm", "--data", data / "reviews.csv")
    start = run(a.bin / "bertft", "predict", data / "minilm", "A fine film.")["wall"]
    return {**r, "rate": count("reviews.csv") / (r["wall"] - start)}


def hf(table, *flags, model="minilm"):
    return peer("bert_train.py", data / model, data / table, "--order", order(table, count(table), 8), *flags)


def hf_grouped(model="minilm"):
    return peer("bert_train.py", data / model, data / "epoch.csv", "--pad", "longest", "--bf16", "--grouped")


def pictures():
    return sum(1 for _ in (data / "photos").glob("*/*"))


def first_picture():
    return str(next(iter(sorted((data / "photos").glob("*/*")))))


def vgg_model():
    """A folder of ours with VGG16's weights and a head, for what predicts."""
    folder = a.folder / "vgg16-head"
    if not folder.exists():
        out = fresh("vgg16-head")
        run(a.bin / "vggft", "train", data / "photos", "--model", data / "vgg16.pth", "--arch", "vgg16", "--val-fraction", "0",
            "--limit", "8", "--batch", "8", "--epochs", "1", "--lr", "1e-9", "--precision", "fp32", "--out", out)  # fmt: skip
        shutil.move(out / "model", folder)
    return folder


# name, the peer, what it is measured in, the least ratio wanted, ours, theirs.
bert = "bertft, documented recipe"
vgg = "vggft, documented recipe, batch 32"
ROWS = [
    (bert, "Hugging Face as documented: fp32, padded to 512", "sequences/s", 10, lambda: bertft("epoch.csv"), lambda: hf("epoch.csv")),
    (bert, "Hugging Face at its best: bf16, grouped by length", "sequences/s", 2.5, lambda: bertft("epoch.csv"), hf_grouped),
    (bert, "Hugging Face fp32, dynamic padding", "sequences/s", None, lambda: bertft("epoch.csv", "--precision", "fp32"), lambda: hf("epoch.csv", "--pad", "longest")),
    ("bertft, fp32, texts that fill 512 tokens", "Hugging Face as documented: fp32", "sequences/s", 2, lambda: bertft("long.csv", "--precision", "fp32"), lambda: hf("long.csv")),
    ("bertft, no attention dropout", "Hugging Face at its best, the same", "sequences/s", 1.5, lambda: bertft("epoch.csv", model="minilm-plain"), lambda: hf_grouped("minilm-plain")),
    ("bertft eval", "Hugging Face: bf16, sorted by length", "sequences/s", 1.5, timed_eval, lambda: peer("bert_eval.py", data / "minilm", data / "reviews.csv")),
    ("bertft predict", "Hugging Face: bf16, sorted by length", "sequences/s", 1.5, timed_predict, lambda: peer("bert_eval.py", data / "minilm", data / "reviews.csv")),
    ("tokenizer, one core", "Hugging Face's tokenizers (Rust) from Python", "tokens/s", 3, lambda: rate_of(probe("tokenize", "--model", data / "minilm", "--data", data / "reviews.csv")), lambda: peer("tokenize_texts.py", data / "minilm", data / "reviews.csv")),
    (vgg, "Keras as documented", "images/s", 3, lambda: vggft(), lambda: peer("vgg_keras.py", data / "photos")),
    (vgg, "PyTorch as people write it: fp32", "images/s", 6, lambda: vggft(), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "plain")),
    (vgg, "PyTorch: bf16, channels_last, no graph for what is frozen", "images/s", 1.2, lambda: vggft(epochs=2), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "best", "--epochs", 2)),
    ("vggft, fp32", "PyTorch as people write it: fp32", "images/s", None, lambda: vggft("--precision", "fp32"), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "plain")),
    ("pictures, decoded before, one worker", "torchvision v2", "images/s", 4, lambda: rate_of(probe("pictures", "--data", data / "photos"), "cached"), lambda: peer("pictures.py", data / "photos", 1)),
    ("pictures, decoded before, two workers", "torchvision v2", "images/s", 4, lambda: rate_of(probe("pictures", "--data", data / "photos", "--workers", 2), "cached"), lambda: peer("pictures.py", data / "photos", 2)),
    ("start to first prediction, text", "transformers", "s", 5, lambda: run(a.bin / "bertft", "predict", data / "minilm", "A fine film."), lambda: peer("bert_first.py", data / "minilm", "A fine film.")),
    ("start to first prediction, picture", "torchvision", "s", 5, lambda: run(a.bin / "vggft", "predict", vgg_model(), first_picture()), lambda: peer("vgg_first.py", data / "vgg16.pth", first_picture())),
]  # fmt: skip


def same_work():
    """Both sides' first losses, without dropout, in float32, from the same weights."""
    mine = bertft("long.csv", "--precision", "fp32", "--dropout", "0")["losses"][:5]
    theirs = hf("long.csv", "--no-dropout")["result"]["losses"][:5]
    yield "BERT, first losses", mine, theirs, 1e-4
    model = vgg_model()
    mine = vggft("--augment", "none", "--precision", "fp32", photos="few", weights=model)["losses"]
    theirs = peer("vgg_torch.py", data / "few", model / "model.safetensors", "check", "--order", order("few", 64, 32))
    yield "VGG16, first losses", mine, theirs["result"]["losses"], 2e-2


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    flags = next((line.split() for line in open("/proc/cpuinfo") if line.startswith("flags")), [])
    has = [name for name, flag in (("AMX", "amx_bf16"), ("AVX512-BF16", "avx512_bf16"), ("AVX512", "avx512f"), ("AVX2", "avx2")) if flag in flags]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {cpu} ({', '.join(has)}), {memory:.0f} GiB"


def figure(v):
    return f"{v / 1e6:.2f} M" if v >= 1e6 else f"{v:,.0f}" if v >= 1000 else f"{v:.3g}"


def main():
    wanted = re.compile(a.rows)
    rows = [r for r in ROWS if wanted.search(f"{r[0]} | {r[1]}")]
    if not rows:
        sys.exit(f"--rows {a.rows}: no row matches; they are:\n" + "\n".join(f"  {r[0]} | {r[1]}" for r in ROWS))
    checks = []
    if a.rows == ".":
        for name, mine, theirs, tolerance in same_work():
            worst = max(abs(m - t) / abs(t) for m, t in zip(mine, theirs, strict=True))
            checks.append(f"{name}: ours {[round(x, 5) for x in mine]}, theirs {[round(x, 5) for x in theirs]}; differ by {worst:.1g} at most, allowed {tolerance:g}")
            print(checks[-1], file=sys.stderr)
            if worst > tolerance:
                sys.exit("bench: the two sides do not do the same work")
    found = {i: [] for i in range(len(rows))}
    for round_ in range(a.rounds):
        for i, (name, other, unit, _, ours, theirs) in enumerate(rows):
            try:
                pair = (ours(), theirs()) if round_ % 2 == 0 else (theirs(), ours())[::-1]
            except Failed as e:
                sys.exit(f"bench: {name}: {e}")
            found[i].append(pair)
            value = [r["wall"] if unit == "s" else r["rate"] for r in pair]
            print(f"round {round_ + 1}: {name} | {other}: {figure(value[0])} and {figure(value[1])} {unit}", file=sys.stderr)
    lines = ["| work | peer | ours | peer's | ratio (spread) | wanted | peak memory, ours / peer's |", "|---|---|---|---|---|---|---|"]
    for i, (name, other, unit, least, _, _) in enumerate(rows):
        value = lambda r: r["wall"] if unit == "s" else r["rate"]
        mine, theirs = [value(x) for x, _ in found[i]], [value(y) for _, y in found[i]]
        ratios = [t / m if unit == "s" else m / t for m, t in zip(mine, theirs)]
        peak = [statistics.median(r["peak"] for r in side) / MB for side in zip(*found[i])]
        lines.append(
            f"| {name} | {other} | {figure(statistics.median(mine))} {unit} | {figure(statistics.median(theirs))} {unit} "
            f"| {statistics.median(ratios):.2f}× ({min(ratios):.2f}–{max(ratios):.2f}) | {f'{least}×' if least else ''} "
            f"| {peak[0]:,.0f} / {peak[1]:,.0f} MiB ({peak[0] / peak[1]:.2f}) |"
        )
    page = [
        "# Side by side", "",
        f"{datetime.date.today()}, {machine()}; {a.rounds} rounds, each side in turn. Made by `make bench`"
        + ("" if a.rows == "." else f" with `ROWS='{a.rows}'`") + ".",
        "", *lines, "", *(f"- {c}" for c in checks), "",
    ]  # fmt: skip
    text = "\n".join(page)
    print(text)
    if a.out:
        a.out.write_text(text)


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
