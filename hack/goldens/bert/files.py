"""Weight files of pkg/text/testdata/bert-micro: one model of random weights as the
pretrained models are found, with what Hugging Face makes of each.

torch 2.11.0, transformers 5.23.0, safetensors. Writes config.json (no labels),
pytorch_model.bin (the names of the first PyTorch conversions: gamma and beta, the
language model's heads, a buffer), f16.safetensors and bf16.safetensors (no prefix),
and golden.json: a batch and the pooler's output for each file, in float32.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

OUT = pathlib.Path(__file__).resolve().parents[3] / "pkg/text/testdata/bert-micro"
OUT.mkdir(exist_ok=True)
torch.set_num_threads(1)
torch.manual_seed(11)
config = BertConfig(vocab_size=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
                    max_position_embeddings=16, initializer_range=0.5)
model = BertModel(config).eval()
with torch.no_grad():
    for n, p in model.named_parameters():
        if n.endswith("bias") or "LayerNorm" in n:
            p.add_(torch.randn_like(p) * 0.3)
weights = {n: p.detach().clone() for n, p in model.named_parameters()}

raw = config.to_dict()
for key in ("id2label", "label2id", "dtype", "torch_dtype"):
    raw.pop(key, None)
raw["architectures"] = ["BertForPreTraining"]
(OUT / "config.json").write_text(json.dumps(raw, indent=2, sort_keys=True) + "\n")

old = {}
for n, w in weights.items():
    n = n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    old["bert." + n] = w
old["bert.embeddings.position_ids"] = torch.arange(16)[None]
old["cls.predictions.bias"] = torch.zeros(12)
old["cls.seq_relationship.weight"] = torch.zeros(2, 8)
torch.save(old, OUT / "pytorch_model.bin")
for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16)):
    save_file({n: w.to(dtype) for n, w in weights.items()}, OUT / f"{name}.safetensors", metadata={"format": "pt"})

ids = [[2, 5, 7, 3, 0], [2, 9, 4, 11, 3]]
types = [[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]]
lengths = [4, 5]
mask = [[1] * n + [0] * (5 - n) for n in lengths]
golden = {"ids": sum(ids, []), "types": sum(types, []), "lengths": lengths, "pooled": {}}
for name, dtype in (("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)):
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.copy_(weights[n].to(dtype).float())
        out = model(torch.tensor(ids), torch.tensor(mask), torch.tensor(types)).pooler_output
    golden["pooled"][name] = [round(x, 8) for x in out.flatten().tolist()]
(OUT / "golden.json").write_text(json.dumps(golden) + "\n")
