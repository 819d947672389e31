#!/usr/bin/env bash
# Keras' RandomSaturation makes pixels of -27,000 from images of 0 to 255.
#
# Software: Keras 3.15.1 `RandomSaturation`, backend jax 0.10.2
# Expected: with `value_range=(0, 255)`, the default, the result stays between 0 and 255, and a factor of 1 is the
#           strongest colour.
# Happens:  the saturation, which HSV counts from 0 to 1, is cut to the value range of the image, so to 255. A factor f
#           multiplies it by f / (1 - f): 0.5 leaves the image alone, everything above overdrives it, without bound as f
#           nears 1. Images in 0 to 1 with `value_range=(0, 1)` come out right.
# Matters:  factor 1.0, the whole range, sends a quarter of these images below 0, some of them by thousands, and nothing
#           behind it clips. A loss that explodes once in a while is blamed on the learning rate. Scale first, or clip
#           behind it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

images = np.random.default_rng(0).integers(0, 256, (256, 4, 4, 3)).astype(np.float32)


def saturated(factor, scale=1, **options):
    layer = keras.layers.RandomSaturation(factor, seed=0, **options)
    return np.array(layer(images / scale, training=True))


for factor in ((0.25, 0.25), (0.5, 0.5), (0.6, 0.6), 1.0):
    output = saturated(factor)
    outside = float((output.reshape(256, -1).min(1) < -1).mean())
    print(f"factor {factor}: {output.min():.0f} to {output.max():.0f}, {outside:.0%} of the images below 0")
    if factor == (0.5, 0.5):
        assert np.allclose(output, images, atol=1e-2)
    elif factor == (0.25, 0.25):
        assert -1e-2 < output.min() and output.max() < 255.01
    else:
        assert output.min() < (-100 if factor == (0.6, 0.6) else -3000) and outside > 0.25
output = saturated(1.0, 255, value_range=(0, 1))
print(f"factor 1.0, images and value range 0 to 1: {output.min():.2f} to {output.max():.2f}")
assert -1e-5 < output.min() and output.max() < 1 + 1e-5
PYTHON
