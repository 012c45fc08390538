"""Makes what both sides of the benchmarks work on, from the bundled samples.

    data.py REPOSITORY FOLDER

minilm/         the bundled MiniLM in float32 with a classification head of fixed
                random numbers, so that all sides begin with the same loss
minilm-plain/   the same with no dropout in its attention
reviews.csv     2,000 IMDb reviews; epoch.csv the first 128; long.csv 64 that fill
                512 tokens, so that no side pads
photos/         the bundled ants and bees, a folder for each class; few/ 32 of each as
                PNG of 224×224, which all sides read as the same numbers
vgg16.pth       VGG16's architecture with random weights: its speed does not depend
                on them, and the ImageNet ones are not bundled
"""
import csv
import json
import pathlib
import shutil
import sys

import torch
import torchvision
from PIL import Image
from transformers import AutoTokenizer, BertForSequenceClassification

repository, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
torch.manual_seed(0)

source = repository / "weights/minilm-l6-h384-uncased"
labels = {0: "neg", 1: "pos"}
model = BertForSequenceClassification.from_pretrained(
    source, num_labels=2, id2label=labels, label2id={v: k for k, v in labels.items()}, dtype=torch.float32
)
for name, p in (("minilm", 0.1), ("minilm-plain", 0.0)):
    model.config.attention_probs_dropout_prob = p
    model.save_pretrained(out / name)
    AutoTokenizer.from_pretrained(source).save_pretrained(out / name)
    for f in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        if (source / f).exists():
            shutil.copy(source / f, out / name / f)

rows = list(csv.DictReader(open(repository / "weights/samples/imdb-2000.csv", newline="", encoding="utf-8")))


def write(name, rows):
    with open(out / name, "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, ["text", "label"])
        w.writeheader()
        w.writerows(rows)


tokenizer = AutoTokenizer.from_pretrained(source)
write("reviews.csv", rows)
write("epoch.csv", rows[:128])
write("long.csv", [r for r in rows if len(tokenizer(r["text"], truncation=True, max_length=512)["input_ids"]) == 512][:64])

for split in ("train", "val"):
    for path in sorted((repository / "weights/samples/ants-bees" / split).glob("*/*")):
        folder = out / "photos" / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name)
for folder in (out / "photos").iterdir():
    (out / "few" / folder.name).mkdir(parents=True)
    for path in sorted(folder.iterdir())[:32]:
        Image.open(path).convert("RGB").resize((224, 224)).save(out / "few" / folder.name / f"{path.stem}.png")

torch.save(torchvision.models.vgg16(num_classes=1000).state_dict(), out / "vgg16.pth")
(out / "versions.json").write_text(json.dumps({"torch": torch.__version__, "torchvision": torchvision.__version__}))
