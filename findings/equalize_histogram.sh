#!/usr/bin/env bash
# Equalising a histogram: OpenCV, Pillow and scikit-image make three images.
#
# Software: OpenCV 5.0.0, Pillow 13.0.0, scikit-image 0.26.0
# Expected: the same table of grey values, to rounding.
# Happens:  Pillow counts in whole steps of (pixels - last bin) / 255, so with fewer than 255 pixels outside the
#           brightest value its step is 0 and it returns the image as it was. OpenCV starts at the darkest value that
#           occurs, so that becomes 0; scikit-image does not, so it stays above 0. On 713 random values they are dozens
#           of levels apart.
# Matters:  "Equalize" is one of the operations of AutoAugment and RandAugment, and a usual first step for X-rays.
#           torchvision computes Pillow's, albumentations OpenCV's. The smaller the image, the coarser Pillow's step: on
#           32 x 32 pixels it is at most 4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 pillow==13.0.0 scikit-image==0.26.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
from PIL import Image, ImageOps
from skimage import exposure


def three(image):
    return (
        cv2.equalizeHist(image).astype(int),
        np.array(ImageOps.equalize(Image.fromarray(image))).astype(int),
        np.round(255 * exposure.equalize_hist(image)).astype(int),
    )


small = np.arange(16, dtype=np.uint8).reshape(4, 4) * 4 + 100
opencv, pillow, scikit = three(small)
print("16 values 100 to 160: OpenCV", opencv.ravel()[[0, 1, 15]], "Pillow", pillow.ravel()[[0, 1, 15]], end=" ")
print("scikit-image", scikit.ravel()[[0, 1, 15]])
assert (pillow == small).all()
assert opencv.ravel()[[0, 1, 15]].tolist() == [0, 17, 255] and scikit.ravel()[[0, 1, 15]].tolist() == [16, 32, 255]
image = np.random.default_rng(0).integers(0, 256, (23, 31), np.uint8)
opencv, pillow, scikit = three(image)
apart = abs(opencv - pillow).max(), abs(opencv - scikit).max(), abs(pillow - scikit).max()
print("713 random values: OpenCV and Pillow", apart[0], "OpenCV and scikit-image", apart[1], "the others", apart[2])
assert apart[0] > 24 and apart[2] > 24
PYTHON
