#!/usr/bin/env bash
# "Contrast 0.5" and "brightness 1.5" name three and two different operations in five image libraries.
#
# Software: Pillow 13.0.0, torchvision 0.29.2, kornia 0.9.0, albumentations 2.0.8, Keras 3.15.1
# Expected: contrast scales the distance from the image's mean grey, brightness multiplies.
# Happens:  contrast: Pillow, torchvision, kornia's `ColorJitter` and albumentations' `ColorJitter` do that; kornia's
#           `adjust_contrast` and `ColorJiggle` and albumentations' `RandomBrightnessContrast` scale the distance from
#           *black*; Keras' `RandomContrast` that from each channel's own mean. Brightness: kornia and albumentations'
#           second *add*.
# Matters:  "contrast 0.4, brightness 0.4" in a recipe is no recipe without its library. With contrast about black the
#           mean of the data moves, and the numbers that normalise it no longer fit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 kornia==0.9.0 albumentations==2.0.8 keras==3.15.1 jax==0.10.2 \
    pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ.update(KERAS_BACKEND="jax", NO_ALBUMENTATIONS_UPDATE="1")
import albumentations as A
import keras
import kornia
import numpy as np
import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image, ImageEnhance

pixels = np.array([[[200, 100, 50], [40, 60, 80]]], np.uint8)
tensor = torch.tensor(pixels).permute(2, 0, 1)
real = tensor[None].float() / 255


def bytes_of(batch):
    return (batch[0] * 255).permute(1, 2, 0).numpy()


def shaken(**options):
    return A.ColorJitter(
        **{"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0), "p": 1, **options}
    )(image=pixels)["image"]


def enhanced(brightness, contrast):
    limits = {"brightness_limit": (brightness, brightness), "contrast_limit": (contrast, contrast)}
    return A.RandomBrightnessContrast(**limits, p=1)(image=pixels)["image"]


contrast = {
    "Pillow": np.array(ImageEnhance.Contrast(Image.fromarray(pixels)).enhance(0.5)),
    "torchvision": TF.adjust_contrast(tensor, 0.5).permute(1, 2, 0).numpy(),
    "kornia ColorJitter": bytes_of(kornia.augmentation.ColorJitter(contrast=(0.5, 0.5), p=1.0)(real)),
    "albumentations ColorJitter": shaken(contrast=(0.5, 0.5)),
    "kornia adjust_contrast": bytes_of(kornia.enhance.adjust_contrast(real, 0.5)),
    "kornia ColorJiggle": bytes_of(kornia.augmentation.ColorJiggle(contrast=(0.5, 0.5), p=1.0)(real)),
    "albumentations RandomBrightnessContrast": enhanced(0, -0.5),
    "Keras RandomContrast": np.asarray(
        keras.layers.RandomContrast(0.5).transform_images(
            pixels[None].astype(np.float32), {"contrast_factor": np.array(0.5, np.float32)}, training=True
        )
    )[0],
}
brightness = {
    "Pillow": np.array(ImageEnhance.Brightness(Image.fromarray(pixels)).enhance(1.5)),
    "torchvision": TF.adjust_brightness(tensor, 1.5).permute(1, 2, 0).numpy(),
    "albumentations ColorJitter": shaken(brightness=(1.5, 1.5)),
    "kornia adjust_brightness": bytes_of(kornia.enhance.adjust_brightness(real, 0.5)),
    "albumentations RandomBrightnessContrast": enhanced(0.5, 0),
}
wide = pixels.astype(float)
grey = (wide @ [0.299, 0.587, 0.114]).mean()
rules = {
    "about the mean grey": (wide + grey) / 2,
    "about black": wide / 2,
    "about each channel's mean": (wide + wide.mean((0, 1))) / 2,
}
multiply_or_add = {"multiplies": np.minimum(wide * 1.5, 255), "adds": np.minimum(wide + 127.5, 255)}


def named(result, rules):
    return [rule for rule, want in rules.items() if np.abs(np.asarray(result, float) - want).max() <= 1.01]


for name, result in contrast.items():
    print(f"contrast   {name:40} {named(result, rules)}")
for name, result in brightness.items():
    print(f"brightness {name:40} {named(result, multiply_or_add)}")
assert [named(result, rules) for result in contrast.values()] == [["about the mean grey"]] * 4 + [
    ["about black"]
] * 3 + [["about each channel's mean"]]
assert [named(result, multiply_or_add) for result in brightness.values()] == [["multiplies"]] * 3 + [["adds"]] * 2
PYTHON
