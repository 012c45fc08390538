#!/usr/bin/env python3
"""Make the bundled samples, weights/samples/{imdb-2000,ants-bees}.

    hack/make-samples.py --imdb aclImdb.tar.gz --hymenoptera DIR --out weights/samples

--imdb is the labelled half of the Large Movie Review Dataset (a .tar.gz with
aclImdb/train/{neg,pos}/*.txt); --hymenoptera holds {train,val}/{ants,bees}.
Either may be left out. The choice is seeded and depends on the files' names
alone, so the same input gives the same sample; the JPEGs are the same bytes
with the same Pillow and libjpeg-turbo. Made with Python 3.11, Pillow 13.0.0.
"""

import argparse
import csv
import pathlib
import random
import tarfile

SEED = 0
REVIEWS_PER_CLASS = 1000
IMAGES_PER_CLASS = {"train": 60, "val": 30}
SHORT_SIDE = 256
QUALITY = 88


def imdb(archive: pathlib.Path, out: pathlib.Path) -> None:
    """Write imdb-2000.csv: columns text and label, neg and pos alternating by chance.

    Only aclImdb/train is drawn from, so that the 25,000 reviews of
    aclImdb/test stay unseen by a model trained on the sample.
    """
    by_label: dict[str, list[tuple[str, str]]] = {"neg": [], "pos": []}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            parts = pathlib.PurePosixPath(member.name).parts
            if len(parts) == 4 and parts[1] == "train" and parts[2] in by_label:
                text = tar.extractfile(member).read().decode("utf-8")
                by_label[parts[2]].append((parts[3], text))
    rng = random.Random(SEED)
    rows = []
    for label in sorted(by_label):
        reviews = sorted(by_label[label])
        rows += [(text, label) for _, text in rng.sample(reviews, REVIEWS_PER_CLASS)]
    rng.shuffle(rows)
    with open(out / "imdb-2000.csv", "w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(("text", "label"))
        writer.writerows(rows)


def ants_bees(source: pathlib.Path, out: pathlib.Path) -> None:
    """Write ants-bees/{train,val}/{ants,bees}/*.jpg at short side 256."""
    from PIL import Image, ImageOps

    rng = random.Random(SEED)
    for split, count in IMAGES_PER_CLASS.items():
        for label in ("ants", "bees"):
            names = sorted(p for p in (source / split / label).iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
            folder = out / "ants-bees" / split / label
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(rng.sample(names, count)):
                image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
                scale = SHORT_SIDE / min(image.size)
                if scale < 1:
                    size = tuple(max(SHORT_SIDE, round(side * scale)) for side in image.size)
                    image = image.resize(size, Image.Resampling.LANCZOS)
                image.save(folder / (path.stem + ".jpg"), "JPEG", quality=QUALITY, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--imdb", type=pathlib.Path)
    parser.add_argument("--hymenoptera", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.imdb:
        imdb(args.imdb, args.out)
    if args.hymenoptera:
        ants_bees(args.hymenoptera, args.out)


if __name__ == "__main__":
    main()
