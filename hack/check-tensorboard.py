#!/usr/bin/env python3
"""Reads a run's event files with TensorBoard's own reader and compares them with metrics.jsonl.

    hack/check-tensorboard.py RUN
    hack/check-tensorboard.py --dump DIR     prints {tag: [[step, value], …]} of event files alone

Fails where a tag has a step twice or out of order, where a point differs from metrics.jsonl by
more than float32's precision, or where one is missing. Needs tensorboard (checked with 2.21.0).
"""
import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={SCALARS: 0}).Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def expected(run):
    """What metrics.jsonl says, by tag."""
    points = {}

    def add(tag, step, value):
        points.setdefault(tag, []).append((step, value))

    for line in (run / "metrics.jsonl").read_text().splitlines():
        e = json.loads(line)
        if e["type"] == "step":
            add("train/loss", e["step"], e["loss"])
            add("train/grad_norm", e["step"], e["grad_norm"])
            add("rate/schedule", e["step"], e["lr"])
        elif e["type"] == "epoch" and e["val_loss"] is not None:
            add("validation/loss", e["step"], e["val_loss"])
            add("validation/accuracy", e["step"], e["val_accuracy"])
            if e["val_f1"] is not None:
                add("validation/f1", e["step"], e["val_f1"])
        elif e["type"] == "untrained":
            add("validation/loss", 0, e["loss"])
            add("validation/accuracy", 0, e["accuracy"])
            add("validation/f1", 0, e["f1"])
    return points


def main():
    if sys.argv[1] == "--dump":
        json.dump(read(sys.argv[2]), sys.stdout)
        return
    run = pathlib.Path(sys.argv[1])
    got, want = read(run / "tensorboard"), expected(run)
    faults = []
    for tag, points in got.items():
        steps = [s for s, _ in points]
        if steps != sorted(set(steps)):
            faults.append(f"{tag}: steps twice or out of order: {steps}")
    for tag, points in want.items():
        have = got.get(tag, [])
        if [s for s, _ in have] != [s for s, _ in points]:
            faults.append(f"{tag}: steps {[s for s, _ in have]}, want {[s for s, _ in points]}")
        for (step, a), (_, b) in zip(have, points):
            if not math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-37):
                faults.append(f"{tag}: {a} at step {step}, want {b}")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{sum(map(len, got.values()))} points of {len(got)} tags, as metrics.jsonl has them: {', '.join(sorted(got))}")


main()
