#!/usr/bin/env bash
# A negative is turned into a positive at 8 bits, and left a negative at 16.
#
# Software: Pillow 13.0.0, OpenCV 5.0.0, tifffile 2026.3.3
# Expected: a TIFF whose PhotometricInterpretation is 0 (white is zero) is inverted on reading, whatever its depth; or
#           never.
# Happens:  Pillow and OpenCV invert 8 bits and hand over 16 bits as stored. Asked for 8-bit grey, OpenCV inverts 16
#           bits too, on the way down: 0 becomes 255. tifffile never inverts.
# Matters:  scanned films and X-rays are such files. A set that mixes depths is half negative after reading, and one
#           that was converted to 8 bits for a demonstration is the opposite of what the network was trained on. Look at
#           tag 262.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io

import cv2
import numpy as np
import tifffile
from PIL import Image

seen = {}
for depth in (np.uint8, np.uint16):
    stored = np.array([[0, 10, 200]] * 3, depth)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, stored, photometric="miniswhite")
    file = np.frombuffer(buffer.getvalue(), np.uint8)
    buffer.seek(0)
    seen[np.dtype(depth).name] = {
        "Pillow": np.array(Image.open(buffer))[0].tolist(),
        "OpenCV": cv2.imdecode(file, cv2.IMREAD_UNCHANGED)[0].tolist(),
        "OpenCV grey": cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)[0].tolist(),
        "tifffile": tifffile.imread(io.BytesIO(buffer.getvalue()))[0].tolist(),
    }
for depth, readings in seen.items():
    print(depth, "stored [0, 10, 200]:", readings)
assert seen["uint8"] == {
    "Pillow": [255, 245, 55],
    "OpenCV": [255, 245, 55],
    "OpenCV grey": [255, 245, 55],
    "tifffile": [0, 10, 200],
}
assert seen["uint16"]["Pillow"] == seen["uint16"]["OpenCV"] == seen["uint16"]["tifffile"] == [0, 10, 200]
assert seen["uint16"]["OpenCV grey"][0] == 255
PYTHON
