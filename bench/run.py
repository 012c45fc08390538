"""Runs gotune and its peers in turn on the same work, and writes the ratios.

    run.py BIN FOLDER [--rows REGEXP] [--rounds N]

A row is a piece of work, ours and a peer's. Each round runs one after the other, so
that what else the machine does meets both; the ratio is taken within the round, and
the table shows the median of the rounds and their spread. A row is written to
results.json as soon as its rounds are done, and RESULTS.md drawn anew from all rows
there: a run that is cut short keeps what it has, and --rows renews some.
"""
import argparse
import csv
import datetime
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from machine import Failed, bf16, machine, run

p = argparse.ArgumentParser()
p.add_argument("bin", type=pathlib.Path)
p.add_argument("folder", type=pathlib.Path)
p.add_argument("--rows", default=".")
p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
here = pathlib.Path(__file__).resolve().parent
data, python = a.folder / "data", a.folder / "venv/bin/python"
work = pathlib.Path(tempfile.mkdtemp(prefix="gotune-bench-"))
MB = 1 << 20
# Where the CPU lacks bfloat16, PyTorch is slower in it than in float32 (several times).
BEST = ["--bf16"] if bf16() else []


def fresh(name):
    """A folder that is not there."""
    shutil.rmtree(work / name, ignore_errors=True)
    return work / name


def order(name, n, batch):
    """The first epoch's batches, in our order."""
    path = work / f"order-{name}.json"
    path.write_text(subprocess.check_output(
        [a.bin / "probe", "order", "--n", str(n), "--batch", str(batch), "--epochs", "1", "--seed", "42"], text=True
    ))  # fmt: skip
    return path


def count(name):
    with open(data / name, newline="", encoding="utf-8") as f:
        return sum(1 for _ in csv.DictReader(f))


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
            "--epochs", epochs, "--cache", fresh("pictures"), "--out", out, "--json", *flags)  # fmt: skip
    r["rate"] = r["result"]["examples_per_second"]
    r["losses"] = losses(out)
    return r


def losses(out):
    lines = (json.loads(line) for line in open(out / "metrics.jsonl"))
    return [e["loss"] for e in lines if "grad_norm" in e]


def probe(*args):
    return run(a.bin / "probe", *args)


def waits(r):
    """The median of the times that training waited, in place of the whole command's."""
    return {**r, "wall": statistics.median(r["result"]["waited"])}


def rate_of(r, key=None):
    d = r["result"][key] if key else r["result"]
    return {**r, "rate": d["items"] / d["seconds"]}


def answering(verb, *flags):
    """An evaluation's or prediction's rate without its start: the peer's clock begins behind its loading too."""
    r = run(a.bin / "bertft", verb, data / "minilm", *flags)
    start = run(a.bin / "bertft", "predict", data / "minilm", "A fine film.")["wall"]
    return {**r, "rate": count("reviews.csv") / (r["wall"] - start)}


def hf(table, *flags, model="minilm"):
    return peer("bert_train.py", data / model, data / table, "--order", order(table, count(table), 8), *flags)


def hf_grouped(model="minilm"):
    return peer("bert_train.py", data / model, data / "epoch.csv", "--pad", "longest", "--grouped", *BEST)


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
    (bert, "Hugging Face at its best: bf16 where the CPU has it, grouped by length", "sequences/s", 2.5, lambda: bertft("epoch.csv"), hf_grouped),
    (bert, "Hugging Face fp32, dynamic padding", "sequences/s", None, lambda: bertft("epoch.csv", "--precision", "fp32"), lambda: hf("epoch.csv", "--pad", "longest")),
    ("bertft, fp32, texts that fill 512 tokens", "Hugging Face as documented: fp32", "sequences/s", 2, lambda: bertft("long.csv", "--precision", "fp32"), lambda: hf("long.csv")),
    ("bertft, no attention dropout", "Hugging Face at its best, the same", "sequences/s", 1.5, lambda: bertft("epoch.csv", model="minilm-plain"), lambda: hf_grouped("minilm-plain")),
    ("bertft eval", "Hugging Face: bf16 where the CPU has it, sorted by length", "sequences/s", 1.5, lambda: answering("eval", data / "reviews.csv", "--json"), lambda: peer("bert_eval.py", data / "minilm", data / "reviews.csv", *BEST)),
    ("bertft predict", "Hugging Face: bf16 where the CPU has it, sorted by length", "sequences/s", 1.5, lambda: answering("predict", "--data", data / "reviews.csv"), lambda: peer("bert_eval.py", data / "minilm", data / "reviews.csv", *BEST)),
    ("tokenizer, one core", "Hugging Face's tokenizers (Rust) from Python", "tokens/s", 3, lambda: rate_of(probe("tokenize", "--model", data / "minilm", "--data", data / "reviews.csv")), lambda: peer("tokenize_texts.py", data / "minilm", data / "reviews.csv")),
    (vgg, "Keras as documented", "images/s", 3, lambda: vggft(), lambda: peer("vgg_keras.py", data / "photos")),
    (vgg, "PyTorch as people write it: fp32", "images/s", 6, lambda: vggft(), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "plain")),
    (vgg, "PyTorch: bf16 where the CPU has it, channels_last, no graph for what is frozen", "images/s", 1.2, lambda: vggft(epochs=2), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "best", "--epochs", 2, *BEST)),
    ("vggft, fp32", "PyTorch as people write it: fp32", "images/s", None, lambda: vggft("--precision", "fp32"), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "plain")),
    ("pictures, first pass, one worker", "", "images/s", None, lambda: rate_of(probe("pictures", "--data", data / "photos"), "first"), None),
    ("pictures, decoded before, one worker", "torchvision v2", "images/s", 4, lambda: rate_of(probe("pictures", "--data", data / "photos"), "cached"), lambda: peer("pictures.py", data / "photos", 1)),
    ("pictures, decoded before, two workers", "torchvision v2", "images/s", 4, lambda: rate_of(probe("pictures", "--data", data / "photos", "--workers", 2), "cached"), lambda: peer("pictures.py", data / "photos", 2)),
    (vgg + ", 10 epochs, --cache-variants 2, whole run", "PyTorch: bf16 where the CPU has it, channels_last, no graph for what is frozen", "s", 4, lambda: vggft("--cache-variants", 2, epochs=10), lambda: peer("vgg_torch.py", data / "photos", data / "vgg16.pth", "best", "--epochs", 10, *BEST)),
    ("a checkpoint of MiniLM: training waits", "Hugging Face", "s", None, lambda: waits(probe("checkpoint", "--model", data / "minilm", "--data", data / "epoch.csv")), lambda: waits(peer("bert_checkpoint.py", data / "minilm", data / "epoch.csv"))),
    ("start to first prediction, text", "transformers", "s", 5, lambda: run(a.bin / "bertft", "predict", data / "minilm", "A fine film."), lambda: peer("bert_first.py", data / "minilm", "A fine film.")),
    ("start to first prediction, picture", "torchvision", "s", 5, lambda: run(a.bin / "vggft", "predict", vgg_model(), first_picture()), lambda: peer("vgg_first.py", data / "vgg16.pth", first_picture())),
]  # fmt: skip


def same_work():
    """Both sides' first losses, without dropout, in float32, from the same weights."""
    mine = bertft("long.csv", "--precision", "fp32", "--dropout", "0")["losses"]
    theirs = hf("long.csv", "--no-dropout")["result"]["losses"]
    yield "BERT, first losses", mine, theirs, 1e-4
    model = vgg_model()
    mine = vggft("--augment", "none", "--precision", "fp32", photos="few", weights=model)["losses"]
    theirs = peer("vgg_torch.py", data / "few", model / "model.safetensors", "check", "--order", order("few", 64, 32))
    yield "VGG16, first losses", mine, theirs["result"]["losses"], 1e-4


def figure(v):
    return f"{v / 1e6:.2f} M" if v >= 1e6 else f"{v:,.0f}" if v >= 1000 else f"{v:.3g}"


def check():
    """What the first losses are, where both sides do the same work."""
    lines = []
    for name, mine, theirs, tolerance in same_work():
        worst = max(abs(m - t) / abs(t) for m, t in zip(mine, theirs, strict=True))
        lines.append(
            f"{name}: ours {[round(x, 5) for x in mine]}, theirs {[round(x, 5) for x in theirs]}; "
            f"differ by {worst:.1g} at most, allowed {tolerance:g}"
        )
        print(lines[-1], file=sys.stderr)
        if worst > tolerance:
            sys.exit("bench: the two sides do not do the same work")
    return lines


def measure(name, other, unit, ours, theirs):
    """The rounds of a row: value and peak memory of ours, and of theirs where there is a peer."""
    rounds = []
    for i in range(a.rounds):
        sides = [ours] if theirs is None else [ours, theirs] if i % 2 == 0 else [theirs, ours]
        got = {side: side() for side in sides}
        pair = [{"value": r["wall" if unit == "s" else "rate"], "peak": r["peak"]} for r in (got[f] for f in (ours, theirs) if f)]
        rounds.append(pair)
        print(f"round {i + 1}: {name} | {other}: {' and '.join(figure(x['value']) for x in pair)} {unit}", file=sys.stderr)
    return rounds


def line(row, found):
    """A row of the table."""
    name, other, unit, least, *_ = row
    sides = list(zip(*found["rounds"]))
    values = [[x["value"] for x in side] for side in sides]
    peaks = [statistics.median(x["peak"] for x in side) / MB for side in sides]
    shown = [f"{figure(statistics.median(v))} {unit}" for v in values]
    if len(sides) == 1:
        return f"| {name} | none | {shown[0]} | | | | {peaks[0]:,.0f} MiB | {found['date']}, {len(values[0])} |"
    ratios = [t / m if unit == "s" else m / t for m, t in zip(*values)]
    return (
        f"| {name} | {other} | {shown[0]} | {shown[1]} | {statistics.median(ratios):.2f}× ({min(ratios):.2f}–{max(ratios):.2f}) "
        f"| {f'{least}×' if least else ''} | {peaks[0]:,.0f} / {peaks[1]:,.0f} MiB ({peaks[0] / peaks[1]:.2f}) | {found['date']}, {len(ratios)} |"
    )


def page(machines):
    """All machines' tables, this one's first."""
    lines = [
        "# Side by side", "",
        "Made by `make bench`, each row with the two sides in turn: medians of its rounds, and of the ratios the smallest and "
        "largest. README.md says what is compared.", "",
    ]  # fmt: skip
    for name, found in sorted(machines.items(), key=lambda m: m[0] != machine()):
        lines += [
            f"## {name}", "",
            "| work | peer | ours | peer's | ratio (spread) | wanted | peak memory, ours / peer's | taken, rounds |",
            "|---|---|---|---|---|---|---|---|",
            *(line(row, found["rows"][key(row)]) for row in ROWS if key(row) in found["rows"]),
            "", *(f"- {c}" for c in found["checks"]), "",
        ]  # fmt: skip
    return "\n".join(lines)


def key(row):
    return f"{row[0]} | {row[1]}"


def main():
    wanted = re.compile(a.rows)
    rows = [r for r in ROWS if wanted.search(key(r))]
    if not rows:
        sys.exit(f"--rows {a.rows}: no row matches; they are:\n" + "\n".join(f"  {key(r)}" for r in ROWS))
    path = here / "results.json"
    machines = json.loads(path.read_text()) if path.exists() else {}
    results = machines.setdefault(machine(), {"rows": {}, "checks": []})
    if a.rows == "." or not results["checks"]:
        results["checks"] = check()
    for row in rows:
        name, other, unit, _, ours, theirs = row
        try:
            rounds = measure(name, other, unit, ours, theirs)
        except Failed as e:
            sys.exit(f"bench: {name}: {e}")
        results["rows"][key(row)] = {"date": str(datetime.date.today()), "rounds": rounds}
        path.write_text(json.dumps(machines, indent=1, ensure_ascii=False) + "\n")
        (here / "RESULTS.md").write_text(page(machines))
        print(line(row, results["rows"][key(row)]))


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
