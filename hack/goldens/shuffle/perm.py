#!/usr/bin/env python3
"""Prints the permutations that internal/shuffle must make, worked out apart.

PCG-DXSM as Melissa O'Neill defines it (128-bit state, 64-bit cheap multiplier
for the output), seeded with the state's two halves; Lemire's bounded integers;
Fisher and Yates from the end. Python 3, no package needed.
"""

M64 = (1 << 64) - 1
MULTIPLIER = 2549297995355413924 << 64 | 4865540595714422341
INCREMENT = 6364136223846793005 << 64 | 1442695040888963407
CHEAP = 0xDA942042E4DD58B5


def words(seed, stream):
    state = seed << 64 | stream
    while True:
        state = (state * MULTIPLIER + INCREMENT) % (1 << 128)
        hi, lo = state >> 64, state & M64 | 1
        hi ^= hi >> 32
        hi = hi * CHEAP & M64
        hi ^= hi >> 48
        yield hi * lo & M64


def below(draw, n):
    product = next(draw) * n
    while product & M64 < (1 << 64) % n:
        product = next(draw) * n
    return product >> 64


def perm(n, seed, stream):
    draw, p = words(seed, stream), list(range(n))
    for i in range(n - 1, 0, -1):
        j = below(draw, i + 1)
        p[i], p[j] = p[j], p[i]
    return p


if __name__ == "__main__":
    draw = words(1, 2)
    print("words of (1, 2):", hex(next(draw)), hex(next(draw)))
    for seed, stream in [(0, 0), (1, 0), (1, 1), (M64, M64)]:
        print(seed, stream, perm(10, seed, stream))
