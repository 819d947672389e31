#!/usr/bin/env bash
# A 16-bit grey PNG is white to Pillow, dark to OpenCV and of another type to torchvision.
#
# Software: Pillow 13.0.0, OpenCV 5.0.0, torchvision 0.29.2
# Expected: a reader asked for 8-bit grey or RGB scales 16 bits down to 8, whichever reader it is.
# Happens:  Pillow's `convert("L")` and `convert("RGB")` cut at 255: all above is white. OpenCV drops the low byte.
#           torchvision gives uint16, even when asked for RGB. A 16-bit *RGB* file has its low byte dropped by Pillow
#           on opening.
# Matters:  X-rays, depth maps and microscopy come as such files; in the usual loader, `Image.open(f).convert("RGB")`,
#           they are blank. And code that divides what torchvision gives by 255 gets values up to 257.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_image

values = np.array([[0, 100, 255, 256, 1000, 65535]], np.uint16)


def png(array):
    return cv2.imencode(".png", array)[1].tobytes()


raw = png(values)
stored = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
picture = Image.open(io.BytesIO(raw))
grey = np.array(picture.convert("L"))[0].tolist()
colour = np.array(picture.convert("RGB"))[0, :, 0].tolist()
by_opencv = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)[0, :, 0].tolist()
by_torchvision = decode_image(stored, ImageReadMode.RGB)
rgb = Image.open(io.BytesIO(png(np.repeat(values[:, :, None], 3, 2))))
print("stored            ", values[0].tolist())
print("Pillow L, RGB     ", picture.mode, grey, colour)
print("OpenCV colour     ", by_opencv)
print("torchvision RGB   ", by_torchvision.dtype, by_torchvision[0, 0].tolist())
print("Pillow, RGB file  ", rgb.mode, np.array(rgb)[0, :, 0].tolist())
assert picture.mode == "I;16" and grey == colour == [0, 100, 255, 255, 255, 255]
assert by_opencv == (values[0] >> 8).tolist()
assert by_torchvision.dtype == torch.uint16 and by_torchvision[0, 0].tolist() == values[0].tolist()
assert rgb.mode == "RGB" and np.array(rgb)[0, :, 0].tolist() == (values[0] >> 8).tolist()
PYTHON
