"""Saves checkpoints as Hugging Face's Trainer does, and prints how long each took.

    bert_checkpoint.py MODEL DATA.csv
"""
import json
import sys
import tempfile
import time

import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

from common import rows

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1])
items = [
    {**tokenizer(r["text"], truncation=True, max_length=64), "labels": model.config.label2id[r["label"]]}
    for r in rows(sys.argv[2])[:48]
]
took = []


class Timed(Trainer):
    def _save_checkpoint(self, *args, **kwargs):
        start = time.perf_counter()
        super()._save_checkpoint(*args, **kwargs)
        took.append(time.perf_counter() - start)


with tempfile.TemporaryDirectory() as out:
    trainer = Timed(
        model=model, train_dataset=items, data_collator=DataCollatorWithPadding(tokenizer),
        args=TrainingArguments(
            output_dir=out, num_train_epochs=1, per_device_train_batch_size=8, use_cpu=True, save_strategy="steps", save_steps=1,
            save_total_limit=1, report_to=[], disable_tqdm=True, seed=1,
        ),
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
print(json.dumps({"waited": took}))
