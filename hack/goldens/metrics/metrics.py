"""Writes internal/metrics/testdata/metrics.json: metrics by scikit-learn and friends.

Versions: scikit-learn 1.9.1, scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6, Python 3.11.
Usage: python hack/goldens/metrics/metrics.py > internal/metrics/testdata/metrics.json
"""

import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import optimize, special, stats
from sklearn import metrics as M
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")


def ece(probs, y):
    conf, hit = probs.max(1), probs.argmax(1) == y
    edges = np.linspace(0, 1, 16)
    total, bins = 0.0, []
    for lo, hi in zip(edges[:-1], edges[1:]):
        inside = (conf > lo) & (conf <= hi)
        n = int(inside.sum())
        c, a = (conf[inside].mean(), hit[inside].mean()) if n else (0.0, 0.0)
        total += abs(a - c) * n / len(y)
        bins.append([n, float(c), float(a)])
    return float(total), bins


def loss(logits, y, beta=1.0):
    return float(np.mean(special.logsumexp(beta * logits, axis=1) - beta * logits[np.arange(len(y)), y]))


def slope(logits, y, beta):
    p = special.softmax(beta * logits, axis=1)
    return float(np.mean((p * logits).sum(1) - logits[np.arange(len(y)), y]))


def averages(y, pred, average, **kw):
    p, r, f, _ = M.precision_recall_fscore_support(y, pred, average=average, zero_division=0, **kw)
    return [float(p), float(r), float(f)]


def dataset(name, logits, y):
    logits = np.asarray(logits, dtype=np.float32)
    c, z = logits.shape[1], logits.astype(np.float64)
    probs, pred = special.softmax(z, axis=1), logits.argmax(1)
    p, r, f, support = M.precision_recall_fscore_support(y, pred, labels=range(c), zero_division=0)
    onehot = np.eye(c)[y]
    aucs, aps = [], []
    for k in range(c):
        defined = 0 < support[k] < len(y)
        aucs.append(float(M.roc_auc_score(onehot[:, k], probs[:, k])) if defined else None)
        aps.append(float(M.average_precision_score(onehot[:, k], probs[:, k])) if defined else None)
    auc = ap = None
    if c == 2 and None not in aucs:
        auc, ap = float(M.roc_auc_score(y, probs[:, 1])), float(M.average_precision_score(y, probs[:, 1]))
    elif None not in aucs:
        auc = float(M.roc_auc_score(y, probs, multi_class="ovr", average="macro"))
        ap = float(M.average_precision_score(onehot, probs, average="macro"))
    err, bins = ece(probs, y)
    t = None
    if slope(z, y, 1e-3) < 0 < slope(z, y, 1e3):
        beta = optimize.brentq(lambda b: slope(z, y, b), 1e-3, 1e3, xtol=1e-15, rtol=1e-14)
        t = [1 / beta, loss(z, y, beta), ece(special.softmax(beta * z, axis=1), y)[0]]
    per = z[np.arange(len(y)), y]
    per = special.logsumexp(z, axis=1) - per
    # Rounded, so that examples of equal loss stay in their order.
    worst = [int(i) for i in np.argsort(-per.round(12), kind="stable")[:7]]
    boot = stats.bootstrap((per,), np.mean, n_resamples=20000, method="percentile", rng=np.random.default_rng(1))
    acc = float(M.accuracy_score(y, pred))
    return {
        # The shortest text that reads back to the same float32.
        "name": name, "logits": [[float(str(v)) for v in row] for row in logits], "labels": [int(v) for v in y],
        "accuracy": acc, "balanced": float(M.balanced_accuracy_score(y, pred)),
        "macro": averages(y, pred, "macro"), "weighted": averages(y, pred, "weighted"),
        "precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": support.tolist(),
        "confusion": M.confusion_matrix(y, pred, labels=range(c)).tolist(),
        "log_loss": float(M.log_loss(y, probs, labels=range(c))) if probs.min() > 1e-15 else loss(z, y),
        "brier": float(M.brier_score_loss(onehot[:, 1], probs[:, 1])) if c == 2
        else float(M.brier_score_loss(y, probs, labels=range(c))),
        "auc": auc, "ap": ap, "aucs": aucs, "aps": aps, "ece": err, "bins": bins, "temperature": t, "worst": worst,
        "accuracy_interval": [float(v) for v in proportion_confint((pred == y).sum(), len(y), method="wilson")],
        "log_loss_interval": [float(boot.confidence_interval.low), float(boot.confidence_interval.high)],
    }


rng = np.random.default_rng(7)


def draw(n, weights, signal, scale=1.0):
    y = rng.choice(len(weights), n, p=weights)
    z = rng.normal(size=(n, len(weights)))
    z[np.arange(n), y] += signal
    return scale * z, y


sets = [dataset("two classes", *draw(200, [0.5, 0.5], 1.5))]
z, y = draw(150, [0.9, 0.1], 1.0)
sets.append(dataset("rare class", z, y))
sets.append(dataset("ties", np.round(z, 0), y))
sets.append(dataset("too sure", *draw(120, [0.3, 0.7], 1.0, scale=6.0)))
sets.append(dataset("five classes", *draw(150, [0.3, 0.3, 0.2, 0.1, 0.1], 1.2)))
z, y = draw(60, [0.5, 0.5, 0.0], 1.0)
sets.append(dataset("class without examples", z, y))
z[:, 2] -= 50
sets.append(dataset("class that never occurs", z, y))
z, y = draw(60, [0.3, 0.4, 0.3], 1.0)
z[:, 1] -= 9
sets.append(dataset("class never predicted", z, y))
z, y = draw(40, [0.5, 0.5], 0.0)
sets.append(dataset("one class", z, np.zeros(40, dtype=int)))
z, y = draw(50, [0.5, 0.5], 3.0, scale=300.0)
sets.append(dataset("huge logits", z, y))

tests = []
for b, c in ((0, 0), (1, 0), (3, 3), (2, 9), (10, 14), (5, 20), (12, 13), (30, 50), (100, 60), (0, 40), (1000, 1100)):
    exact = b + c < 25
    r = mcnemar([[0, b], [c, 0]], exact=exact, correction=True)
    tests.append([b, c, float(r.statistic), float(r.pvalue), exact])

json.dump({"sklearn": sklearn.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
           "sets": sets, "mcnemar": tests}, sys.stdout, separators=(",", ":"), allow_nan=False)
print()
