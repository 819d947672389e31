#!/usr/bin/env bash
# A signed TIFF keeps its signs or loses them: -40 is read as -40, as 216 or as 255.
#
# Software: Pillow 13.0.0, OpenCV 5.0.0, tifffile 2026.3.3 (which writes)
# Expected: a reader gives the numbers of the file, or refuses the sample format, as Pillow does with float16.
# Happens:  Pillow reads int8 as uint8: -40 is 216. uint32 it reads as int32: 4,294,967,256 is -40. OpenCV reads int8
#           and int16 rightly with `IMREAD_UNCHANGED`, but asked for grey it gives 216 for int8, and 255 for -40 in
#           int16, where 40 is 0. int16, int32 and float32 are right in Pillow.
# Matters:  elevations, differences and scans in Hounsfield units are stored with signs, and what is below zero becomes
#           the brightest there is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    tifffile==2026.3.3 pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
import tifffile
from PIL import Image

seen = {}
for kind in ("int8", "int16", "int32", "uint32", "float32"):
    values = np.array([[-40, 0, 40]]).astype(kind)
    tifffile.imwrite("image.tif", values)
    assert (tifffile.imread("image.tif") == values).all()
    read = {"Pillow": np.asarray(Image.open("image.tif"))}
    if kind != "uint32":
        read["OpenCV, unchanged"] = cv2.imread("image.tif", cv2.IMREAD_UNCHANGED)
    if kind in ("int8", "int16"):
        read["OpenCV, grey"] = cv2.imread("image.tif", cv2.IMREAD_GRAYSCALE)
    for name, found in read.items():
        print(f"{kind} {values[0].tolist()}: {name} {found.dtype} {found[0].tolist()}")
        seen[kind, name] = found[0].tolist()
right = [-40, 0, 40]
assert seen["int8", "Pillow"] == seen["int8", "OpenCV, grey"] == [216, 0, 40]
assert seen["uint32", "Pillow"] == right and seen["int16", "OpenCV, grey"] == [255, 0, 0]
assert all(seen[kind, "Pillow"] == right for kind in ("int16", "int32", "float32"))
assert all(seen[kind, "OpenCV, unchanged"] == right for kind in ("int8", "int16", "int32", "float32"))
PYTHON
