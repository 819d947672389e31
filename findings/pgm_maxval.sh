#!/usr/bin/env bash
# One grey image, written as binary and as text: OpenCV reads two images.
#
# Software: OpenCV 5.0.0, Pillow 13.0.0
# Expected: a PGM file says which value is white; with maxval 15 or 100, 8-bit pixels come out scaled to 0..255,
#           whatever the encoding.
# Happens:  Pillow does that, for 16 bits as well (1000 becomes 65,535). OpenCV scales text files ("P2") up to maxval
#           255 and neither binary ones ("P5") nor those of 16 bits: 0, 7, 15 of 15 are 0, 7, 15 in binary and 0, 119,
#           255 in text. Of maxval 100 the middle is 128 in Pillow, 127 in OpenCV.
# Matters:  digitised characters, 10- and 12-bit cameras and medical phantoms come with such maxvals. Read by OpenCV
#           they are nearly black, and a network trained on them this way sees other images in a service that reads
#           with Pillow.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io

import cv2
import numpy as np
from PIL import Image


def readings(white):
    values = [0, white // 2, white]
    binary = bytes(values) if white < 256 else np.array(values, ">u2").tobytes()
    for kind, body in (("P5", binary), ("P2", " ".join(map(str, values)).encode() + b"\n")):
        file = f"{kind}\n3 1\n{white}\n".encode() + body
        pillow = np.array(Image.open(io.BytesIO(file)))[0].tolist()
        opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)[0].tolist()
        print(f"maxval {white:>5}, {kind}: Pillow {pillow}, OpenCV {opencv}")
        yield pillow, opencv


(pillow, binary), (_, text) = readings(15)
assert pillow == text == [0, 119, 255] and binary == [0, 7, 15]
(pillow, binary), (_, text) = readings(100)
assert pillow == [0, 128, 255] and binary == [0, 50, 100] and text == [0, 127, 255]
(pillow, binary), (_, text) = readings(1000)
assert pillow == [0, 32768, 65535] and binary == text == [0, 500, 1000]
(pillow, binary), (_, text) = readings(255)
assert pillow == binary == text == [0, 127, 255]
PYTHON
