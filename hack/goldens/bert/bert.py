"""Goldens of pkg/text: BERT by Hugging Face, in fp32, with dropout off.

torch 2.11.0, transformers 5.23.0. Writes pkg/text/testdata/bert-tiny/ (a model of
random weights, its batches, logits, loss, every gradient and ten AdamW losses) and,
where the real MiniLM is at hand (its folder is the first argument),
pkg/text/testdata/minilm.json with logits, loss, gradient norms and ten losses.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, get_linear_schedule_with_warmup

OUT = pathlib.Path(__file__).resolve().parents[3] / "pkg/text/testdata"
torch.set_num_threads(1)


def batch(vocab, lengths, pairs, seed):
    """Rows of random ids, padded to the longest with 0; type 1 from the middle on for pairs."""
    g = torch.Generator().manual_seed(seed)
    width = max(lengths)
    ids = torch.zeros(len(lengths), width, dtype=torch.long)
    types = torch.zeros_like(ids)
    mask = torch.zeros_like(ids)
    for i, n in enumerate(lengths):
        ids[i, :n] = torch.randint(1, vocab, (n,), generator=g)
        mask[i, :n] = 1
        if pairs:
            types[i, n // 2 : n] = 1
    labels = torch.randint(0, 3, (len(lengths),), generator=g)
    return {"ids": ids, "types": types, "lengths": torch.tensor(lengths), "labels": labels, "mask": mask}


def forward(model, b):
    out = model(input_ids=b["ids"], token_type_ids=b["types"], attention_mask=b["mask"], labels=b["labels"])
    return out.logits, out.loss


def optimizer(model):
    decay = [p for n, p in model.named_parameters() if not n.endswith("bias") and "LayerNorm" not in n]
    rest = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=5e-5, eps=1e-8, foreach=False)


def ten_losses(model, b):
    opt = optimizer(model)
    sched = get_linear_schedule_with_warmup(opt, 0, 12)
    losses = []
    for _ in range(10):
        _, loss = forward(model, b)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        losses.append(loss.item())
    return losses


def tiny():
    torch.manual_seed(7)
    cfg = BertConfig(vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                     max_position_embeddings=512, num_labels=3, initializer_range=0.2, hidden_dropout_prob=0.0,
                     attention_probs_dropout_prob=0.0, id2label={0: "a", 1: "b", 2: "c"}, label2id={"a": 0, "b": 1, "c": 2})
    model = BertForSequenceClassification(cfg).eval()
    with torch.no_grad():  # biases and norms as of a trained model, not 0 and 1
        for n, p in model.named_parameters():
            if n.endswith("bias") or "LayerNorm" in n:
                p.add_(torch.randn_like(p) * 0.1)
    dir = OUT / "bert-tiny"
    model.save_pretrained(dir)
    batches = {
        "padded": batch(120, [9, 4, 7, 2, 9], False, 1),
        "pairs": batch(120, [12, 6, 10], True, 2),
        "single": batch(120, [1], False, 3),
        "long": batch(120, [512, 300], False, 4),
    }
    tensors = {}
    for name, b in batches.items():
        model.zero_grad()
        logits, loss = forward(model, b)
        loss.backward()
        for k in ("ids", "types", "lengths", "labels"):
            tensors[f"{name}.{k}"] = b[k]
        tensors[f"{name}.logits"] = logits.detach()
        tensors[f"{name}.loss"] = loss.detach().reshape(1)
        if name in ("padded", "long"):
            for n, p in model.named_parameters():
                tensors[f"{name}.grad.{n}"] = p.grad.clone()
    for name in ("padded", "single", "long"):
        fresh = BertForSequenceClassification.from_pretrained(dir).eval()
        tensors[f"{name}.ten"] = torch.tensor(ten_losses(fresh, batches[name]), dtype=torch.float64)
    save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / "bert-tiny" / "golden.safetensors")


def minilm(folder):
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=3, dtype=torch.float32,
                                                          hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).eval()
    with torch.no_grad():  # a head that needs no generator to be made again
        w = model.classifier.weight
        w.copy_(((torch.arange(w.numel()) % 17 - 8).float() / 100).reshape(w.shape))
        model.classifier.bias.copy_(torch.tensor([0.01, -0.02, 0.03]))
    b = batch(30522, [100, 37, 1, 512], False, 5)
    logits, loss = forward(model, b)
    loss.backward()
    golden = {
        "ids": b["ids"].tolist(), "lengths": b["lengths"].tolist(), "labels": b["labels"].tolist(),
        "logits": logits.tolist(), "loss": loss.item(),
        "grad_norms": {n: p.grad.double().norm().item() for n, p in model.named_parameters()},
        "ten": ten_losses(model, b),
    }
    for i, n in enumerate(golden["lengths"]):
        golden["ids"][i] = golden["ids"][i][:n]
    (OUT / "minilm.json").write_text(json.dumps(golden) + "\n")


OUT.mkdir(parents=True, exist_ok=True)
tiny()
if len(sys.argv) > 1:
    minilm(sys.argv[1])
