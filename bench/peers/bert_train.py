"""Fine-tunes BERT with Hugging Face's Trainer and prints its rate.

    bert_train.py MODEL DATA.csv [--order STEPS.json] [--pad max|longest] [--bf16] [--grouped] [--no-dropout]

Without flags it is the documented recipe: float32, every text padded to 512.
"""
import argparse

import torch
import transformers
from torch.utils.data import SequentialSampler
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

from common import Clock, ordered, rows

p = argparse.ArgumentParser()
p.add_argument("model")
p.add_argument("data")
p.add_argument("--order")
p.add_argument("--pad", default="max")
p.add_argument("--bf16", action="store_true")
p.add_argument("--grouped", action="store_true")
p.add_argument("--no-dropout", action="store_true")
p.add_argument("--batch", type=int, default=8)
p.add_argument("--length", type=int, default=512)
a = p.parse_args()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

tokenizer = AutoTokenizer.from_pretrained(a.model)
more = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if a.no_dropout else {}
model = AutoModelForSequenceClassification.from_pretrained(a.model, **more)
items = []
for r in rows(a.data):
    enc = tokenizer(r["text"], truncation=True, max_length=a.length, padding="max_length" if a.pad == "max" else False)
    items.append({**enc, "labels": model.config.label2id[r["label"]]})
if a.order:
    items = [x for step in ordered(items, a.order) for x in step]


class InOrder(Trainer):
    """The order of the examples is ours, so that both sides see the same batches."""

    def _get_train_sampler(self, train_dataset=None):
        return SequentialSampler(self.train_dataset) if a.order else super()._get_train_sampler(train_dataset)


class Timed(transformers.TrainerCallback):
    def on_train_begin(self, *_, **__):
        self.clock = Clock()

    def on_log(self, args, state, control, logs=None, **_):
        if logs and "loss" in logs:
            self.clock.losses.append(float(logs["loss"]))

    def on_train_end(self, args, state, control, **_):
        self.clock.done(len(items), steps=state.global_step)


arguments = TrainingArguments(
    output_dir="/nonexistent", num_train_epochs=1, per_device_train_batch_size=a.batch, learning_rate=5e-5, weight_decay=0.01,
    bf16=a.bf16, use_cpu=True, save_strategy="no", report_to=[], logging_steps=1, disable_tqdm=True, seed=1,
    train_sampling_strategy="group_by_length" if a.grouped else "random",
)  # fmt: skip
# Several losses a second are worth showing in full.
transformers.trainer.round = lambda x, *_: x
trainer = InOrder(
    model=model, args=arguments, train_dataset=items, data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Timed()]
)
trainer.remove_callback(transformers.PrinterCallback)
trainer.train()
