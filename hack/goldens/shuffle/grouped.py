#!/usr/bin/env python3
"""Prints the orders by length that pkg/train must make, worked out apart.

Python 3, no package needed.
"""

from perm import perm

STREAM = 1 << 60  # of the shuffle of batches: pkg/train/grouped.go


def grouped(lengths, batch, seed, epoch):
    order = perm(len(lengths), seed, epoch)
    full = len(order) // batch
    window = min(max(full // 4, 1), 50)  # batches
    batches = []
    for first in range(0, full, window):
        some = order[first * batch : min(first + window, full) * batch]
        some.sort(key=lambda i: -lengths[i])  # stable
        batches += [some[i : i + batch] for i in range(0, len(some), batch)]
    batches = [batches[i] for i in perm(len(batches), seed, STREAM + epoch)]
    if epoch == 0:
        rank = [(max(lengths[i] for i in b), sum(lengths[i] for i in b)) for b in batches]
        at = rank.index(max(rank))
        batches[0], batches[at] = batches[at], batches[0]
    return [i for b in batches for i in b] + order[full * batch :]


if __name__ == "__main__":
    lengths = [5, 9, 2, 7, 7, 1, 8, 3, 6, 4, 9, 2, 5, 7, 1, 3, 8, 6, 4]
    for epoch in range(3):
        print(epoch, grouped(lengths, 2, 1, epoch))
