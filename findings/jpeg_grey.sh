#!/usr/bin/env bash
# A colour JPEG read as grey is another picture than one read in colour and made grey.
#
# Software: Pillow 13.0.0, OpenCV 5.0.0 (both decode colours to the same bytes)
# Expected: `IMREAD_GRAYSCALE` equals `Image.open(f).convert("L")`, since both weigh with 0.299, 0.587, 0.114.
# Happens:  OpenCV returns the luma that the file stores, Pillow decodes to RGB, cuts that to 0..255 and weighs it.
#           Where nothing was cut they agree exactly; in saturated places they are many levels apart. `draft("L",
#           size)` gives the stored luma too.
# Matters:  a network trained on grey images through one reader sees slightly other ones through the other. A data
#           loader for one-channel networks has to choose, and PyTorch's usual loaders go through RGB.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io

import cv2
import numpy as np
from PIL import Image

noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
smooth = cv2.GaussianBlur(noise, (0, 0), 2).astype(float)
file = io.BytesIO()
Image.fromarray(((smooth - 128) * 12 + 128).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
raw = np.frombuffer(file.getvalue(), np.uint8)
colours = np.array(Image.open(file)).astype(int) - cv2.imdecode(raw, cv2.IMREAD_COLOR)[:, :, ::-1]
weighed = np.array(Image.open(file).convert("L")).astype(int)
draft = Image.open(file)
draft.draft("L", draft.size)
stored = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE).astype(int)
print("largest difference in colour:", np.abs(colours).max())
print(
    "largest difference in grey:",
    np.abs(weighed - stored).max(),
    "in",
    f"{(weighed != stored).mean():.0%} of the pixels; drafted:",
    np.abs(np.array(draft) - stored).max(),
)
assert np.abs(colours).max() == 0 and np.abs(np.array(draft) - stored).max() == 0
assert np.abs(weighed - stored).max() >= 5 and (weighed == stored).mean() > 0.2
PYTHON
