#!/usr/bin/env bash
# Keras' RandomPosterization(4) keeps one, two or three bits, and never four.
#
# Software: Keras 3.15.1 `RandomPosterization`, backend jax 0.10.2
# Expected: `factor` is "the number of bits to keep", as in Pillow and torchvision; eight bits change nothing.
# Happens:  the number is drawn from 1 up to, but without, the factor, so 8 keeps at most seven. Of a pair the upper end
#           is left out too: (3, 4) keeps three bits always. Two equal numbers, (4, 4), keep four.
# Matters:  a strength copied from torchvision's AutoAugment posterizes more, down to black and white. To get what the
#           name says, give the number twice.
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

ramp = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1).repeat(3, -1).repeat(64, 0)


def bits(factor):
    """How many bits the 64 images of five runs keep."""
    seen = set()
    for seed in range(5):
        layer = keras.layers.RandomPosterization(factor, value_range=(0, 255), seed=seed)
        images = np.array(layer(ramp, training=True))
        seen |= {int(np.log2(len(np.unique(image)))) for image in images}
    return seen


expected = {2: {1}, 3: {1, 2}, 4: {1, 2, 3}, 8: {1, 2, 3, 4, 5, 6, 7}, (3, 4): {3}, (4, 4): {4}}
for factor, kept in expected.items():
    seen = bits(factor)
    print(f"RandomPosterization({factor}): bits kept {sorted(seen)}")
    assert seen == kept
PYTHON
