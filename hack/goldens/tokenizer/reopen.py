"""Opens a saved tokenizer's folder as users of transformers do, and prints the
ids it gives for each line of stdin (a JSON list: one text, or two), with and
without cutting at 16, and the decoded text. save_test.go reads it.

    python hack/goldens/tokenizer/reopen.py FOLDER

Versions: transformers 5.23.0, tokenizers 0.23.3.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer  # noqa: E402

t = AutoTokenizer.from_pretrained(sys.argv[1])
for line in sys.stdin:
    texts = json.loads(line)
    ids = t(*texts)["input_ids"]
    cut = t(*texts, truncation=True, max_length=16)["input_ids"]
    print(json.dumps({"ids": ids, "cut": cut, "text": t.decode(ids), "size": len(t), "special": [
        t.pad_token_id, t.unk_token_id, t.cls_token_id, t.sep_token_id, t.mask_token_id]}))
