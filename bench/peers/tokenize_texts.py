"""Tokenizes with Hugging Face's Rust tokenizers from Python on one core.

    tokenize_texts.py MODEL DATA.csv
"""
import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from transformers import AutoTokenizer  # noqa: E402

from common import Clock, rows  # noqa: E402

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
texts = [r["text"] for r in rows(sys.argv[2])]
clock, tokens = Clock(), 0
for _ in range(2):
    tokens += sum(len(ids) for ids in tokenizer(texts, truncation=True, max_length=512)["input_ids"])
clock.done(tokens)
