"""Measures how cost grows, and draws it: SCALE.md, scale.json and scale.png.

    scale.py BIN FOLDER [--parts REGEXP]

Training's rate against batch, length and threads, beside what the machine's matrix
products reach; the input path's rate, memory and start against the number of
examples. A part is kept in scale.json as soon as it is measured, and SCALE.md and
scale.png are drawn anew from all parts there; --parts renews some, '^$' none.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile

from machine import machine, run

p = argparse.ArgumentParser()
p.add_argument("bin", type=pathlib.Path)
p.add_argument("folder", type=pathlib.Path)
p.add_argument("--parts", default=".")
a = p.parse_args()
here = pathlib.Path(__file__).resolve().parent
data = a.folder / "data"
work = pathlib.Path(tempfile.mkdtemp(prefix="gotune-scale-"))
cores = os.cpu_count()
MB = 1 << 20

# Multiplications and additions of MiniLM's layers, forward and twice that backward.
WIDTH, LAYERS, VOCABULARY = 384, 6, "film good bad plot actor scene music story ending review".split()


def bert_flops(length):
    """Of one text of so many tokens."""
    return 3 * LAYERS * length * (24 * WIDTH**2 + 4 * length * WIDTH)


def vgg_flops(side=224):
    """Of one picture in the documented recipe: all convolutions forward, the last
    block's weights, and all but its first one's input, backward."""
    total, last, channels = 0, [], 3
    for block, (n, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]):
        for _ in range(n):
            one = 2 * 9 * channels * width * side**2
            total, channels = total + one, width
            if block == 4:
                last.append(one)
        side //= 2
    return total + sum(last) + sum(last[1:])


def texts(name, n, words):
    """A table of n texts of two classes, of words() words each."""
    path = work / name
    dice = random.Random(0)
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["text", "label"])
        for i in range(n):
            out.writerow([" ".join(dice.choices(VOCABULARY, k=words(dice))), "pos" if i % 2 else "neg"])
    return path


def train(program, *args, batch, threads=cores):
    """Examples a second of training alone, and peak memory."""
    out = work / "run"
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(work / "pictures", ignore_errors=True)
    r = run(a.bin / program, "train", *args, "--val-fraction", 0, "--epochs", 1, "--batch", batch, "--threads", threads,
            "--out", out, "--json")  # fmt: skip
    return {"rate": r["result"]["examples_per_second"], "peak": r["peak"]}


def bert(length, batch, threads=cores, tokens=40_000):
    n = max(3 * batch, tokens // length // batch * batch)
    path = texts("texts.csv", n, lambda _: length - 2)
    return train("bertft", path, "--model", data / "minilm", batch=batch, threads=threads)


def vgg(batch, threads=cores):
    return train("vggft", data / "photos", "--model", data / "vgg16.pth", "--arch", "vgg16", "--cache", work / "pictures",
                 batch=batch, threads=threads)  # fmt: skip


def told(what):
    print(f"scale: {what}", file=sys.stderr)
    return what


def products():
    rounds = [run(a.bin / "probe", "products", "--threads", cores)["result"] for _ in range(3)]
    return {t: statistics.median(r[t] for r in rounds) for t in ("float32", "bfloat16")}


def by(unit, xs, measured):
    """A row for each x, of what measured finds there."""
    return lambda: [{**measured(x), "x": x} for x in xs if told(f"{unit} {x:,}")]


def taken(path, command, *args):
    """The input path's figures for the table at path, which is then removed."""
    r = run(a.bin / "probe", command, "--data", path, *args)
    size = path.stat().st_size
    path.unlink()
    return {"rate": r["result"]["items"] / r["result"]["seconds"], "first": r["result"]["first"], "peak": r["peak"], "bytes": size}


def many_texts(n):
    path = texts("many.csv", n, lambda dice: dice.randint(20, 80))
    return taken(path, "texts", "--model", data / "minilm", "--examples", 640_000)


def many_pictures(n):
    """A list of n pictures in folders of 180. All folders are links to one that
    holds the bundled pictures: to the program, each is another file."""
    album = work / "album"
    if not album.exists():
        (album / "all").mkdir(parents=True)
        for k, path in enumerate(sorted((here.parent / "weights/samples/ants-bees").glob("*/*/*.jpg"))):
            shutil.copy(path, album / "all" / f"{k:03}.jpg")
    names = sorted(p.name for p in (album / "all").iterdir())
    path = work / "many.csv"
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(["path", "label"])
        for i in range(n):
            folder, k = divmod(i, len(names))
            if k == 0 and not (album / f"{folder:04}").exists():
                (album / f"{folder:04}").symlink_to("all")
            out.writerow([f"album/{folder:04}/{names[k]}", "bees" if i % 2 else "ants"])
    return taken(path, "drawn", "--examples", 2_000)


counts = (1_000, 10_000, 100_000, 1_000_000)
PARTS = {
    "products": products,
    "bert by batch": by("texts, batch", (1, 2, 4, 8, 16, 32, 64), lambda b: bert(128, b)),
    "bert by length": by("texts, tokens", (16, 32, 64, 128, 256, 512), lambda n: bert(n, 8)),
    "bert by threads": by("texts, threads", range(1, cores + 1), lambda t: bert(128, 16, t)),
    "vgg by batch": by("pictures, batch", (2, 4, 8, 16, 32, 64), vgg),
    "vgg by threads": by("pictures, threads", range(1, cores + 1), lambda t: vgg(32, t)),
    "input of texts": by("texts", counts, many_texts),
    "input of pictures": by("pictures", counts, many_pictures),
}


def fraction(found, rate, flops):
    return rate * flops / 1e9 / found["products"]["bfloat16"]


def page(found):
    """SCALE.md."""

    def table(head, rows):
        return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows), ""]

    def trained(rows, unit, flops):
        return [[f"{r['x']}", f"{r['rate']:.1f} {unit}", f"{r['rate'] * flops(r) / 1e9:,.0f} ({fraction(found, r['rate'], flops(r)):.0%})", f"{r['peak'] / MB:,.0f} MiB"] for r in rows]

    def taken_in(rows, unit):
        return [unit, "file", "first batch after", "rate", "peak memory"], [
            [f"{r['x']:,}", f"{r['bytes'] / MB:,.1f} MiB", f"{r['first']:.2f} s", f"{r['rate']:,.0f} {unit}/s", f"{r['peak'] / MB:,.0f} MiB"]
            for r in rows
        ]

    rate = ["rate", "GFLOP/s (of the products')", "peak memory"]
    g = found["products"]
    return "\n".join([
        "# How cost grows", "",
        f"{found['machine']}. Made by `make scale`. The machine's matrix products, [4096,384]·[384,1536] or [2048,2048]·[2048,2048] by ATen on all cores, reach "
        f"{g['float32']:,.0f} GFLOP/s in float32 and {g['bfloat16']:,.0f} in bfloat16, which all of this is in. A model's GFLOP/s count the "
        "products of its layers and convolutions as PyTorch does them, forward and backward; embeddings, softmax, norms and the optimiser "
        "come on top in time. In fact BERT's last layer takes fewer products, and without matrix units VGG16's convolutions do (ARCHITECTURE.md); with them, ATen's products wait for memory more than our convolutions (PROFILE.md). Each figure is one run.", "",
        "![Rates, memory and start](scale.png)", "",
        "## BERT recipe on MiniLM, texts of 128 tokens, by batch", "",
        *table(["batch", *rate], trained(found["bert by batch"], "texts/s", lambda r: bert_flops(128))),
        "## By length, batch 8", "",
        *table(["tokens", *rate], trained(found["bert by length"], "texts/s", lambda r: bert_flops(r["x"]))),
        "## By threads, 128 tokens, batch 16", "",
        *table(["threads", *rate], trained(found["bert by threads"], "texts/s", lambda r: bert_flops(128))),
        "## VGG16 recipe, by batch", "",
        *table(["batch", *rate], trained(found["vgg by batch"], "pictures/s", lambda r: vgg_flops())),
        "## By threads, batch 32", "",
        *table(["threads", *rate], trained(found["vgg by threads"], "pictures/s", lambda r: vgg_flops())),
        "## The input path, by number of texts", "",
        "A table of texts of 20 to 80 words is opened and checked, a tenth of it held out, the rest shuffled and tokenized, as training "
        "does, without a network: 640,000 texts, in as many epochs as that needs. What grows with the data is its index, some 13 bytes a text with parts and order "
        "([ARCHITECTURE.md](../ARCHITECTURE.md#a-million-examples)), and as much again that Go's collector leaves free.", "",
        *table(*taken_in(found["input of texts"], "texts")),
        "## By number of pictures", "",
        "The same for a list of pictures, of which the files' sizes are looked up; 2,000 are taken, each decoded anew and augmented. The index takes some "
        "26 bytes a picture.", "",
        *table(*taken_in(found["input of pictures"], "pictures")),
    ])  # fmt: skip


def draw(found):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    g, blue, red = found["products"]["bfloat16"], "#1f5fa8", "#b5482a"
    fig, axes = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")

    def curve(ax, rows, key, title, xlabel, ylabel, log=True):
        xs, ys = [r["x"] for r in rows], [key(r) for r in rows]
        ax.plot(xs, ys, "o-", color=blue)
        if log:
            ax.set_xscale("log", base=2 if max(xs) < 5000 else 10)
        ax.set_xticks(xs, [f"{x:,}" for x in xs])
        ax.minorticks_off()
        ax.set_title(title), ax.set_xlabel(xlabel), ax.set_ylabel(ylabel)
        ax.set_ylim(0, max(ys) * 1.15)
        ax.grid(alpha=0.25)
        return ax

    def limit(ax):
        ax.axhline(g, color=red, ls="--"), ax.set_ylim(0, max(g * 1.15, ax.get_ylim()[1]))
        ax.text(0.98, g * 0.98, "matrix products alone", color=red, va="top", ha="right", transform=ax.get_yaxis_transform())

    gf = "GFLOP/s"
    limit(curve(axes[0][0], found["bert by batch"], lambda r: r["rate"] * bert_flops(128) / 1e9, "MiniLM, 128 tokens", "batch", gf))
    limit(curve(axes[0][1], found["bert by length"], lambda r: r["rate"] * bert_flops(r["x"]) / 1e9, "MiniLM, batch 8", "tokens", gf))
    limit(curve(axes[0][2], found["vgg by batch"], lambda r: r["rate"] * vgg_flops() / 1e9, "VGG16", "batch", gf))
    ax = curve(axes[1][0], found["bert by threads"], lambda r: r["rate"] / found["bert by threads"][0]["rate"], "Speed-up by threads", "threads", "times one thread's", False)
    rows = found["vgg by threads"]
    ax.lines[0].set_label("MiniLM")
    ax.plot([r["x"] for r in rows], [r["rate"] / rows[0]["rate"] for r in rows], "s-", color=red, label="VGG16")
    ax.legend(loc="lower right")
    for ax, key, title, ylabel in (
        (axes[1][1], lambda r: r["peak"] / MB, "Memory of the input path", "peak, MiB"),
        (axes[1][2], lambda r: r["first"], "Start: first batch", "seconds"),
    ):
        both = found["input of texts"], found["input of pictures"]
        curve(ax, both[0], key, title, "examples", ylabel)
        ax.lines[0].set_label("texts")
        ax.plot(counts, [key(r) for r in both[1]], "s-", color=red, label="pictures")
        ax.set_ylim(0, max(key(r) for rows in both for r in rows) * 1.15)
        ax.legend(loc="upper left")
    fig.savefig(here / "scale.png", dpi=80)


def main():
    path = here / "scale.json"
    found = json.loads(path.read_text())
    if found.get("machine") != machine():  # figures of another machine do not compare
        found = {"machine": machine()}
    for part, measure in PARTS.items():
        if re.search(a.parts, part):
            found[part] = measure()
            path.write_text(json.dumps(found, indent=1) + "\n")
    if missing := [part for part in PARTS if part not in found]:
        sys.exit(f"scale: not yet measured on this machine: {', '.join(missing)}")
    (here / "SCALE.md").write_text(page(found))
    draw(found)


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
