#!/usr/bin/env bash
# Class folders 1, 2, 10: timm counts them 0, 1, 2, torchvision and datasets 0, 2, 1.
#
# Software: timm 1.0.31 `ImageDataset`, torchvision 0.29.2 `ImageFolder`, datasets 5.2.0 `imagefolder`
# Expected: sorted as text, in all three, since that is what everybody copied from torchvision.
# Happens:  timm sorts numbers within names by value and ignores case: 1, 2, 10, ant, Zebra. torchvision and datasets
#           sort by code point: 1, 10, 2, Zebra, ant. A folder without an image is an error in torchvision and takes no
#           number in timm.
# Matters:  sets whose folders are numbers (CIFAR-100, EMNIST, the Oxford flowers: 1 to 102) get another numbering by
#           the tool that trained. Weights move between timm and torchvision by name, so nothing complains; accuracy is
#           that of guessing. Save the list of classes beside the weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31 datasets==5.2.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ.update(HF_HOME=os.path.abspath("cache"), HF_HUB_OFFLINE="1")
import datasets
from PIL import Image
from timm.data import ImageDataset
from torchvision.datasets import ImageFolder

for name in ("1", "2", "10", "Zebra", "ant"):
    os.makedirs(f"set/{name}")
    Image.new("RGB", (4, 4)).save(f"set/{name}/a.png")
rows = datasets.load_dataset("imagefolder", data_dir="set")["train"]
orders = {
    "torchvision": ImageFolder("set").classes,
    "datasets": rows.features["label"].names,
    "timm": sorted(ImageDataset("set").reader.class_to_idx, key=ImageDataset("set").reader.class_to_idx.get),
}
print(orders)
assert orders["torchvision"] == orders["datasets"] == ["1", "10", "2", "Zebra", "ant"]
assert orders["timm"] == ["1", "2", "10", "ant", "Zebra"]
os.makedirs("set/0")
try:
    ImageFolder("set")
    raise SystemExit("torchvision accepts a folder without an image now")
except FileNotFoundError as error:
    print("an empty folder 0: torchvision:", str(error)[:40], "; timm:", ImageDataset("set").reader.class_to_idx)
assert "0" not in ImageDataset("set").reader.class_to_idx
PYTHON
