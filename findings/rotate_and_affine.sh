#!/usr/bin/env bash
# The same 30 degrees turn an image to the left in `rotate` and to the right in `affine`, in torchvision and in kornia.
#
# Software: PyTorch 2.15.0, torchvision 0.29.2, kornia 0.9.0, albumentations 2.0.8, Pillow 13.0.0, scikit-image 0.26.0
# Expected: a positive angle is counter-clockwise, as in Pillow, OpenCV and mathematics, whichever function takes it.
# Happens:  torchvision's `rotate` and kornia's `RandomRotation` turn counter-clockwise, torchvision's `affine` and
#           kornia's `RandomAffine` clockwise; albumentations' `Rotate` and `Affine` both counter-clockwise. A positive
#           shear moves the top of the image to the right in these three and to the left in scikit-image.
# Matters:  symmetric ranges hide it. One-sided ranges, masks turned by the other function, and angles that are labels
#           (rotation as a pretext task) come out mirrored.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 kornia==0.9.0 albumentations==2.0.8 scikit-image==0.26.0 \
    pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations
import kornia
import numpy as np
import torch
from PIL import Image
from skimage import transform
from torchvision.transforms.v2 import functional

right = np.zeros((41, 41), np.uint8)
right[19:22, 29:32] = 255  # a dot ten pixels to the right of the centre
above = np.ascontiguousarray(right.T[::-1])


def place(image):
    """How far to the right of the centre, and how far above it, the dot is."""
    weights = np.asarray(image, float).reshape(41, 41)
    down, across = (np.mgrid[:41, :41] * weights).sum((1, 2)) / weights.sum()
    return round(across - 20), round(20 - down)


def kornia_affine(image, degrees, **more):
    changed = kornia.augmentation.RandomAffine((degrees, degrees), p=1.0, **more)
    return place(changed(torch.from_numpy(image)[None, None].float()))


tensor = torch.from_numpy(right)[None]
turned = {
    "Pillow rotate": place(Image.fromarray(right).rotate(30)),
    "torchvision rotate": place(functional.rotate(tensor, 30)),
    "kornia RandomRotation": place(kornia.augmentation.RandomRotation((30.0, 30.0), p=1.0)(tensor[None].float())),
    "albumentations Rotate": place(albumentations.Rotate((30, 30), p=1)(image=right)["image"]),
    "albumentations Affine": place(albumentations.Affine(rotate=(30, 30), p=1)(image=right)["image"]),
    "torchvision affine": place(functional.affine(tensor, 30, [0, 0], 1.0, [0.0, 0.0])),
    "kornia RandomAffine": kornia_affine(right, 30.0),
}
sheared = {
    "torchvision": place(functional.affine(torch.from_numpy(above)[None], 0, [0, 0], 1.0, [20.0, 0.0])),
    "albumentations": place(albumentations.Affine(shear={"x": (20, 20), "y": (0, 0)}, p=1)(image=above)["image"]),
    "kornia": kornia_affine(above, 0.0, shear=(20.0, 20.0)),
    "scikit-image": place(transform.warp(above, transform.AffineTransform(shear=np.deg2rad(20)).inverse)),
}
print("a dot at (10, 0), turned by 30:", turned)
print("a dot at (0, 10), sheared by 20:", sheared)
clockwise = {name for name, (_, up) in turned.items() if up < 0}
assert clockwise == {"torchvision affine", "kornia RandomAffine"} and all(up for _, up in turned.values())
assert {name for name, (across, _) in sheared.items() if across < 0} == {"scikit-image"}
PYTHON
