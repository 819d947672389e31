#!/usr/bin/env bash
# "He normal" of a depthwise or a transposed convolution counts the wrong inputs, in Keras and in PyTorch.
#
# Software: Keras 3.15.1 (backend jax 0.10.2), PyTorch 2.15.0
# Expected: standard deviation sqrt(2 / fan_in), fan_in being the inputs that one output sums: 9 for a 3x3 depthwise
#           kernel.
# Happens:  Keras takes a depthwise kernel [3, 3, 256, 1] for a full one and gets 9 * 256: 16 times too small a
#           deviation. Both take the channels a transposed convolution *makes* for those it reads, in PyTorch in the
#           layer's own default too. PyTorch's fan_in is right for depthwise, its fan_out (`mode="fan_out"`,
#           torchvision's choice) counts all 256 channels though each feeds one.
# Matters:  what is trained from scratch starts from these accidents: a compiler that "corrects" a fan begins with
#           other weights than the run it reproduces, and one that copies Keras' rule starves depthwise layers. Follow
#           the named framework, and say so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
import torch


def in_keras(layer, name):
    layer.build((None, 8, 8, 256))
    return float(np.asarray(getattr(layer, name)).std())


keras.utils.set_random_seed(0)
torch.manual_seed(0)
depthwise = in_keras(keras.layers.DepthwiseConv2D(3, depthwise_initializer="he_normal"), "kernel")
transposed = in_keras(keras.layers.Conv2DTranspose(64, 3, kernel_initializer="he_normal"), "kernel")
one, read, made = (2 / 9) ** 0.5, (2 / 9 / 256) ** 0.5, (2 / 9 / 64) ** 0.5
print(f"Keras he_normal, depthwise 256: {depthwise:.4f}, sqrt(2/9) is {one:.4f}, sqrt(2/(9*256)) {read:.4f}")
print(f"Keras he_normal, transposed 256 to 64: {transposed:.4f}, by inputs {read:.4f}, by outputs {made:.4f}")
assert abs(depthwise / read - 1) < 0.1 and abs(transposed / made - 1) < 0.1

fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.nn.Conv2d(256, 256, 3, groups=256).weight)
bound = torch.nn.ConvTranspose2d(256, 64, 3).weight.abs().max().item()
read, made = read / 2**0.5, made / 2**0.5
print(f"PyTorch: fan in and fan out of depthwise 256: {fans}")
print(f"PyTorch: bound of ConvTranspose2d(256, 64, 3): {bound:.4f}, by inputs {read:.4f}, by outputs {made:.4f}")
assert fans == (9, 9 * 256) and abs(bound / made - 1) < 0.01
PYTHON
