#!/usr/bin/env bash
# "Area" resizing is four operations in three libraries.
#
# Software: PyTorch 2.15.0 `interpolate(mode="area")`, OpenCV 5.0.0 `INTER_AREA`, Pillow 13.0.0 `BOX` and `reduce`
# Expected: each output pixel is the mean over its area, parts of pixels counted in part, whoever computes it.
# Happens:  that is OpenCV's when it shrinks. PyTorch's is adaptive average pooling: whole pixels in overlapping bins.
#           Pillow's BOX counts a pixel whole or not at all, its `reduce(3)` has a short last block. 0, 3, 12, 27, 48,
#           75, 108, 147 shrunk to three is 4.125 39 114.375 (OpenCV), 5 40.5 110 (PyTorch), 5 37.5 110 (BOX), 5 50
#           127.5 (reduce). Enlarging 0, 10, 20, 30 to six: OpenCV and PyTorch give 0 5 10 20 25 30, BOX repeats
#           pixels.
# Matters:  photographs made small for training are often made with INTER_AREA; a loader that says "area" must say
#           which. None of them equals bilinear with antialiasing, which torchvision uses.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image


def row(values):
    return np.tile(np.array(values, np.float32), (4, 1))


def by_torch(image, width):
    return F.interpolate(torch.tensor(image)[None, None], (4, width), mode="area")[0, 0, 0].tolist()


def by_opencv(image, width):
    return cv2.resize(image, (width, 4), interpolation=cv2.INTER_AREA)[0].tolist()


def by_pillow(image, width):
    return np.array(Image.fromarray(image).resize((width, 4), Image.Resampling.BOX))[0].tolist()


small, large = row([3 * i * i for i in range(8)]), row([0, 10, 20, 30])
reduced = np.array(Image.fromarray(small).reduce((3, 1)))[0].tolist()
seen = {
    name: (resize(small, 3), resize(large, 6))
    for name, resize in (("PyTorch", by_torch), ("OpenCV", by_opencv), ("Pillow BOX", by_pillow))
}
for name, (shrunk, enlarged) in seen.items():
    print(f"{name:11} 8 to 3: {shrunk}, 0 10 20 30 to 6: {enlarged}")
print("Pillow reduce(3):", reduced)
assert seen["PyTorch"] == ([5, 40.5, 110], [0, 5, 10, 20, 25, 30])
assert np.allclose(seen["OpenCV"][0], [4.125, 39, 114.375]) and np.allclose(seen["OpenCV"][1], [0, 5, 10, 20, 25, 30])
assert seen["Pillow BOX"] == ([5, 37.5, 110], [0, 10, 10, 20, 30, 30]) and reduced == [5, 50, 127.5]
PYTHON
