#!/usr/bin/env python3
"""Compares `bertft predict` with Hugging Face on the model that bertft saved.

    hack/compare-hf.py RUN TEXTS.csv [MAX_LENGTH]

TEXTS.csv has the columns text and label. Both sides run in float32; the script fails
where a label differs, or a probability by more than 1e-4. Needs torch and transformers
(checked with 2.11.0 and 5.23.0), and bin/bertft.
"""
import csv
import json
import pathlib
import subprocess
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

run, data = sys.argv[1], sys.argv[2]
length = int(sys.argv[3]) if len(sys.argv) > 3 else 256
bertft = pathlib.Path(__file__).resolve().parents[1] / "bin/bertft"
out = subprocess.run([bertft, "predict", run, "--data", data, "--max-length", str(length), "--precision", "fp32"],
                     check=True, capture_output=True, text=True).stdout
ours = [json.loads(line) for line in out.splitlines()]

folder = pathlib.Path(run) / "model"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
assert model.dtype == torch.float32, model.dtype
texts = [row["text"] for row in csv.DictReader(open(data, newline=""))]
assert len(texts) == len(ours), (len(texts), len(ours))
labels, worst = 0, 0.0
for i in range(0, len(texts), 16):
    batch = tokenizer(texts[i : i + 16], truncation=True, max_length=length, padding=True, return_tensors="pt")
    with torch.no_grad():
        probs = model(**batch).logits.softmax(-1)
    for mine, theirs in zip(ours[i : i + 16], probs):
        labels += mine["label"] != model.config.id2label[int(theirs.argmax())]
        worst = max(worst, max(abs(mine["scores"][model.config.id2label[k]] - float(p)) for k, p in enumerate(theirs)))
print(f"{len(texts)} texts: {labels} labels differ, probabilities by at most {worst:.2g}")
sys.exit(labels > 0 or worst > 1e-4)
