#!/usr/bin/env bash
# Keras' Gaussian blur darkens the border of an image by a quarter, its corners by nearly a half.
#
# Software: Keras 3.15.1 `RandomGaussianBlur(kernel_size=3, sigma=1)`, against kornia's and torchvision's rule written
#           out
# Expected: an image of one grey stays that grey: the border is mirrored, as in torchvision, kornia, OpenCV and
#           albumentations.
# Happens:  beyond the border Keras takes zeros: 100 becomes 73 at the edge and 53 in the corners, in the middle it
#           stays. A larger kernel darkens a wider frame.
# Matters:  in training a frame around the image means "was blurred", which no image has in validation; with padding
#           behind it there are two frames. Pad by mirroring, blur and crop, or use another library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 scipy==1.17.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
from scipy.ndimage import convolve

grey = np.full((1, 9, 9, 3), 100, np.float32)
layer = keras.layers.RandomGaussianBlur(factor=(1.0, 1.0), kernel_size=3, sigma=(1.0, 1.0), value_range=(0, 255))
blurred = np.array(layer(grey, training=True))[0, :, :, 0]
side = np.exp(-0.5)
line = np.array([side, 1, side]) / (1 + 2 * side)
kernel = np.outer(line, line)
print("row 0:", blurred[0].astype(float).round(1).tolist())
print("row 4:", blurred[4].astype(float).round(1).tolist())
assert np.allclose(blurred, convolve(np.full((9, 9), 100.0), kernel, mode="constant"), atol=1e-3)
assert np.allclose(convolve(np.full((9, 9), 100.0), kernel, mode="mirror"), 100)
assert abs(blurred[0, 0] - 52.7) < 0.1 and abs(blurred[0, 4] - 72.6) < 0.1 and abs(blurred[4, 4] - 100) < 1e-3
PYTHON
