"""From start to one sentence's label with transformers.

    bert_first.py MODEL TEXT
"""
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder, text = sys.argv[1:3]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
with torch.inference_mode():
    print(model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1).tolist())
