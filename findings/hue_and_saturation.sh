#!/usr/bin/env bash
# "Hue 0.1" turns a colour by 36, 18 or 6 degrees, and "saturation 2" is two operations within one library.
#
# Software: torchvision 0.29.2, kornia 0.9.0, albumentations 2.0.8, Keras 3.15.1 (backend torch)
# Expected: 0.1 is a tenth of the circle; albumentations' `hue_shift_limit`, which may lie in -180 to 180, is in
#           degrees; saturation blends an image with its grey version, as in Pillow and torchvision.
# Happens:  36 degrees in torchvision, in kornia's augmentations and in albumentations' ColorJitter. 18 in Keras, to
#           either side, though both ends of the range are 0.1. 5.7 in `kornia.enhance.adjust_hue`, which counts in
#           radians. `HueSaturationValue(hue_shift_limit=(10, 10))` turns by 20 degrees, float images too: the unit is
#           that of OpenCV's 8-bit hue. Saturation 2 of (200, 100, 50): (255, 76, 0) in torchvision, albumentations and
#           kornia's ColorJitter; (200, 67, 0) in kornia's `RandomSaturation`, ColorJiggle and `adjust_saturation`,
#           which scale the S of HSV.
# Matters:  augmentation settings do not carry over. A hue range tuned in one library is twice or a sixth as wide in
#           the next.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 torchvision==0.29.2 \
    kornia==0.9.0 albumentations==2.0.8 albucore==0.0.24 opencv-python-headless==5.0.0.93 keras==3.15.1 numpy==2.4.6
cd "$folder"
NO_ALBUMENTATIONS_UPDATE=1 KERAS_BACKEND=torch venv/bin/python -W ignore - <<'PYTHON'
import colorsys

import albumentations
import keras
import kornia
import numpy as np
import torch
import torchvision.transforms.v2.functional as vision

picture = np.full((4, 4, 3), (200, 100, 50), np.uint8)
tensor = torch.tensor(picture / 255).permute(2, 0, 1).float()
batch = tensor[None]


def colour(result):
    values = np.asarray(result.detach().cpu() if hasattr(result, "detach") else result, float).squeeze()
    values = values if values.shape[0] == 3 else values.transpose(2, 0, 1)
    values = values[:, 0, 0]
    return values / 255 if values.max() > 1.5 else values


def turned(result):
    turn = (colorsys.rgb_to_hsv(*colour(result))[0] - colorsys.rgb_to_hsv(*colour(picture))[0]) * 360 % 360
    return round(turn if turn < 180 else turn - 360, 1)


def shift(image, amount):
    change = albumentations.HueSaturationValue((amount, amount), (0, 0), (0, 0), p=1)
    return change(image=image)["image"]


jitter = albumentations.ColorJitter((1, 1), (1, 1), (1, 1), (0.1, 0.1), p=1)
layer = keras.layers.RandomHue((0.1, 0.1), value_range=(0, 1), seed=1)
hues = {
    "torchvision adjust_hue 0.1": turned(vision.adjust_hue(tensor, 0.1)),
    "kornia RandomHue 0.1": turned(kornia.augmentation.RandomHue((0.1, 0.1), p=1)(batch)),
    "albumentations ColorJitter 0.1": turned(jitter(image=picture)["image"]),
    "kornia.enhance.adjust_hue 0.1": turned(kornia.enhance.adjust_hue(batch, 0.1)),
    "albumentations HueSaturationValue 10": turned(shift(picture, 10)),
    "the same of floats": turned(shift((picture / 255).astype(np.float32), 10)),
}
sides = {turned(layer(batch.permute(0, 2, 3, 1).numpy(), training=True)) for _ in range(20)}
for name, degrees in hues.items():
    print(f"{name}: {degrees} degrees")
print("Keras RandomHue 0.1, twenty times:", sorted(map(float, sides)))
expected = [36, 36, 36, 5.7, 20, 20]
assert all(abs(have - want) < 0.6 for have, want in zip(hues.values(), expected)), hues
assert sorted(map(round, sides)) == [-18, 18]

jitter = albumentations.ColorJitter((1, 1), (1, 1), (2, 2), (0, 0), p=1)
blend, scale = [255, 76, 0], [200, 67, 0]
for name, result, want in (
    ("torchvision adjust_saturation", vision.adjust_saturation(tensor, 2.0), blend),
    ("albumentations ColorJitter", jitter(image=picture)["image"], blend),
    ("kornia ColorJitter", kornia.augmentation.ColorJitter(saturation=(2.0, 2.0), p=1)(batch), blend),
    ("kornia ColorJiggle", kornia.augmentation.ColorJiggle(saturation=(2.0, 2.0), p=1)(batch), scale),
    ("kornia RandomSaturation", kornia.augmentation.RandomSaturation((2.0, 2.0), p=1)(batch), scale),
    ("kornia.enhance.adjust_saturation", kornia.enhance.adjust_saturation(batch, 2.0), scale),
):
    have = [int(round(value * 255)) for value in colour(result)]
    print(f"{name} 2: {have}")
    assert all(abs(one - other) <= 1 for one, other in zip(have, want))
PYTHON
