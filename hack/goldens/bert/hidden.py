"""What a text's features are by Hugging Face: the states after each layer of
pkg/text/testdata/bert-tiny, their means and the first token's, and the pooler's output:
pkg/text/testdata/bert-tiny/hidden.safetensors.

python hack/goldens/bert/hidden.py    torch 2.11.0, transformers 5.23.0

The texts are golden.safetensors' padded ones.
"""

import pathlib
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

DIR = pathlib.Path(__file__).resolve().parents[3] / "pkg/text/testdata/bert-tiny"
golden = load_file(DIR / "golden.safetensors")
ids, types, lengths = (golden[f"padded.{k}"].long() for k in ("ids", "types", "lengths"))
model = BertModel.from_pretrained(DIR).eval()
mask = (torch.arange(ids.shape[1]) < lengths.reshape(-1, 1)).long()
with torch.no_grad():
    out = model(input_ids=ids, token_type_ids=types, attention_mask=mask, output_hidden_states=True)
tensors = {"pooled": out.pooler_output}
for n, h in enumerate(out.hidden_states):
    tensors[f"cls.{n}"] = h[:, 0].clone()
    tensors[f"mean.{n}"] = (h * mask[..., None]).sum(1) / lengths.reshape(-1, 1)
save_file({k: v.contiguous() for k, v in tensors.items()}, DIR / "hidden.safetensors")
