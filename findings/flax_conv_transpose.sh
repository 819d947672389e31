#!/usr/bin/env bash
# Flax's transposed convolution turns its kernel by 180 degrees, seen from every other framework.
#
# Software: Flax 0.12.8 `nn.ConvTranspose`, against Keras 3.15.1 `Conv2DTranspose` (backend jax 0.10.2)
# Expected: a single 1 in the input stamps the kernel into the output, as the gradient of a convolution does.
# Happens:  Flax stamps the kernel turned upside down and left to right (it is a plain convolution over the stretched
#           input); `transpose_kernel=True` gives the gradient, and also swaps the two channel axes of the kernel.
#           Under `SAME` both double the size, and cut the same side.
# Matters:  importing U-Net or GAN weights from JAX: shapes fit, losses look plausible, the result is a blurred
#           mirror. Flip both spatial axes on the way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    jax==0.10.2 flax==0.12.8 keras==3.15.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import flax.linen as nn
import keras
import numpy as np

kernel = np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1, 1)
x = np.zeros((1, 2, 2, 1), np.float32)
x[0, 0, 0, 0] = 1


def flax(padding, **options):
    layer = nn.ConvTranspose(1, (3, 3), strides=(2, 2), padding=padding, use_bias=False, **options)
    return np.asarray(layer.apply({"params": {"kernel": kernel}}, x))[0, :, :, 0]


def other(padding):
    layer = keras.layers.Conv2DTranspose(1, 3, strides=2, padding=padding, use_bias=False)
    layer.build(x.shape)
    layer.set_weights([kernel])
    return np.asarray(layer(x))[0, :, :, 0]


stamp = kernel[:, :, 0, 0]
for name, y in (
    ("Keras", other("valid")),
    ("Flax", flax("VALID")),
    ("Flax, transpose_kernel", flax("VALID", transpose_kernel=True)),
):
    print(f"{name:23}", y[:3, :3].astype(int).tolist())
assert np.array_equal(other("valid")[:3, :3], stamp)
assert np.array_equal(flax("VALID")[:3, :3], stamp[::-1, ::-1])
assert np.array_equal(flax("VALID", transpose_kernel=True)[:3, :3], stamp)
print("SAME: Keras", other("same").astype(int).tolist(), "Flax", flax("SAME").astype(int).tolist())
assert other("same").shape == flax("SAME").shape == (4, 4)
assert np.array_equal(other("same")[:3, :3], stamp) and np.array_equal(flax("SAME")[:3, :3], stamp[::-1, ::-1])
PYTHON
