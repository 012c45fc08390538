"""Picks the reviews that the accuracy of texts is measured on.

    imdb.py ACLIMDB.tar.gz FOLDER

The labelled .txt members, sorted by name and shuffled by Python's Random(0): the
first 2,000 are train.csv, the next 1,000 test.csv.
"""
import csv
import pathlib
import random
import sys
import tarfile

out = pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
with tarfile.open(sys.argv[1]) as tar:  # read once, from start to end
    texts = {m.name: tar.extractfile(m).read().decode("utf-8") for m in tar if m.name.endswith(".txt")}
names = sorted(texts)
random.Random(0).shuffle(names)
rows = [(texts[n], n.split("/")[-2]) for n in names[:3000]]
for name, part in (("train.csv", rows[:2000]), ("test.csv", rows[2000:])):
    with open(out / name, "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(["text", "label"])
        writer.writerows(part)
