"""What the peers share: their arguments' data, and the figures they print."""
import csv
import json
import os
import sys
import time


class Clock:
    """Seconds and losses of a training loop."""

    def __init__(self):
        self.start, self.losses = time.perf_counter(), []

    def done(self, examples, **more):
        print(json.dumps({"examples": examples, "seconds": time.perf_counter() - self.start, "losses": self.losses, **more}))


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def ordered(items, path):
    """items in the order of a run of ours, a list for each step."""
    with open(path) as f:
        return [[items[i] for i in step] for step in json.load(f)]


def pictures(folder):
    """Paths and labels as ours lists them: by class, then by name."""
    classes = sorted(os.listdir(folder))
    return [(os.path.join(folder, c, f), k) for k, c in enumerate(classes) for f in sorted(os.listdir(os.path.join(folder, c)))]


sys.stdout.reconfigure(line_buffering=True)
