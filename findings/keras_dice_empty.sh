#!/usr/bin/env bash
# An empty mask, predicted perfectly, has the worst Dice loss in Keras; in other libraries it has the best.
#
# Software: Keras 3.15.1 `losses.Dice` and `losses.Tversky` (backend jax 0.10.2)
# Expected: a prediction that equals its target has a loss of 0, as in MONAI and segmentation_models_pytorch.
# Happens:  nothing found where nothing is: 1. Keras adds its epsilon to the denominator only. The loss is also one
#           number for the whole batch by default; asked for one an image (axis=(1, 2, 3)), the mean over two perfect
#           images, one of them empty, is 0.5. A network that says "nothing" in 0.001 or in 0.4 has 1 as well: there is
#           no gradient either.
# Matters:  scans and aerial tiles are mostly empty. Per image, their share is a constant that says nothing; the whole
#           batch as one mask hides it, until a batch has no object.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import jax
import keras
import numpy as np

empty = np.zeros((1, 4, 4, 1), np.float32)
full = empty.copy()
full[0, 1:3, 1:3] = 1
batch = np.concatenate([full, empty])
nothing = [float(kind()(empty, empty)) for kind in (keras.losses.Dice, keras.losses.Tversky)]
whole, each = float(keras.losses.Dice()(batch, batch)), float(keras.losses.Dice(axis=(1, 2, 3))(batch, batch))
unsure = [float(keras.losses.Dice()(empty, empty + value)) for value in (0.001, 0.4)]
slope = jax.grad(lambda values: keras.losses.Dice()(empty, values))(empty + 0.4)
print("an empty mask, nothing predicted: Dice, Tversky", nothing)
print("an empty mask, 0.001 and 0.4 predicted: Dice", unsure, "largest gradient", float(abs(slope).max()))
print("two perfect images, one of them empty: as one mask", whole, "an image each", each)
assert nothing == [1, 1] and unsure == [1, 1] and float(abs(slope).max()) == 0
assert whole < 1e-6 and abs(each - 0.5) < 1e-6
PYTHON
