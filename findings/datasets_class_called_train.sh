#!/usr/bin/env bash
# A class of trains is taken for the training split, and the other classes are dropped.
#
# Software: datasets 5.2.0, `load_dataset("imagefolder", data_dir=...)`
# Expected: folders bus, car and train are three classes of one split, as torchvision and Keras read them.
# Happens:  "train", "test", "dev", "val", "eval" and their like are looked for anywhere in a path, as words of their
#           own. Once one is found, all that has none is left out: of bus, car, train the trains remain, without a
#           label; so with a folder "night train". One file called my_test_b.png makes the whole set a "test" split of
#           that file. With a single class folder there is no label column either.
# Matters:  the rows that are missing are not mentioned. A reader of class folders should look for splits at the first
#           level only and say what it left out; whoever uses this one should compare the number of rows, or name the
#           files with `data_files`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    datasets==5.2.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os
from pathlib import Path

os.environ.update(HF_HOME=os.path.abspath("cache"), HF_HUB_OFFLINE="1")
import datasets
from PIL import Image

datasets.disable_progress_bars()


def read(name, classes, files=("a.png", "b.png")):
    """The splits that come back: for each the classes of its images (told by their colour) and of its labels."""
    for number, label in enumerate(classes):
        for file in files:
            path = Path(name, label, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (50 * number, 0, 0)).save(path)
    seen = {}
    for split, rows in datasets.load_dataset("imagefolder", data_dir=name).items():
        images = [classes[row["image"].getpixel((0, 0))[0] // 50] for row in rows]
        seen[split] = images, rows.features["label"].names if "label" in rows.features else None
    print(f"{name}: folders {classes}, files {list(files)} -> {seen}")
    return seen


assert read("plain", ["bus", "car"])["train"] == (["bus", "bus", "car", "car"], ["bus", "car"])
assert read("trains", ["bus", "car", "train"]) == {"train": (["train", "train"], None)}
assert read("nights", ["bus", "car", "night train"]) == {"train": (["night train", "night train"], None)}
assert read("tests", ["bus", "car", "test"]) == {"test": (["test", "test"], None)}
assert read("file", ["bus", "car"], ["a.png", "my_test_b.png"]) == {"test": (["bus", "car"], ["bus", "car"])}
assert read("single", ["bus"]) == {"train": (["bus", "bus"], None)}
PYTHON
