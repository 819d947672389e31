#!/usr/bin/env bash
# A photograph taken upright lies on its side in some readers of one data set, and stands in others.
#
# Software: Pillow 13.0.0, imageio 2.38.1, OpenCV 5.0.0, datasets 5.2.0
# Expected: readers that build on Pillow leave the EXIF orientation alone; OpenCV turns JPEG files by it.
# Happens:  datasets turns what it decodes, though it hands out Pillow images; imageio does not. OpenCV turns PNG and
#           WebP files by their EXIF chunk too, and none with `IMREAD_UNCHANGED`, which is the flag that keeps alpha and
#           16 bits.
# Matters:  4 x 6 pixels become 6 x 4 by the choice of reader, and by a flag that seems to be about channels. Phones
#           write the tag into nearly every upright picture, so sets of photographs lose accuracy between training and
#           service.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    datasets==5.2.0 imageio==2.38.1 opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ.update(HF_HOME=os.path.abspath("cache"), HF_HUB_OFFLINE="1")
import cv2
import datasets
import imageio.v3
from PIL import Image

exif = Image.Exif()
exif[0x112] = 6  # turn by 90 degrees, clockwise, to see it upright
for kind in ("jpg", "png", "webp"):
    file = f"picture.{kind}"
    Image.new("RGB", (6, 4)).save(file, exif=exif)
    features = datasets.Features({"image": datasets.Image()})
    sizes = {
        "Pillow": Image.open(file).size,
        "imageio": imageio.v3.imread(file).shape[1::-1],
        "datasets": datasets.Dataset.from_dict({"image": [file]}, features)[0]["image"].size,
        "OpenCV colour": cv2.imread(file, cv2.IMREAD_COLOR).shape[1::-1],
        "OpenCV grey": cv2.imread(file, cv2.IMREAD_GRAYSCALE).shape[1::-1],
        "OpenCV unchanged": cv2.imread(file, cv2.IMREAD_UNCHANGED).shape[1::-1],
    }
    print(kind, sizes)
    turned = {reader for reader, size in sizes.items() if size == (4, 6)}
    assert turned == {"datasets", "OpenCV colour", "OpenCV grey"}
PYTHON
