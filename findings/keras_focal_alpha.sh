#!/usr/bin/env bash
# Keras' focal loss takes the paper's alpha of 0.25, and leaves it out or puts it before everything.
#
# Software: Keras 3.15.1 `BinaryFocalCrossentropy`, `CategoricalFocalCrossentropy` (backend jax 0.10.2)
# Expected: alpha weighs positives and 1 - alpha negatives, as in the paper and in torchvision's `sigmoid_focal_loss`.
# Happens:  `BinaryFocalCrossentropy(alpha=0.25)` ignores alpha unless `apply_class_balancing=True` is given too: 0.1
#           and 0.9 are the same loss. `CategoricalFocalCrossentropy` has no such switch and multiplies the true class
#           by alpha whichever it is, so 0.25 is a learning rate divided by four.
# Matters:  a comparison of alphas finds that they do not matter. With the switch the binary loss is the paper's to the
#           last digit; the one over classes wants a list with a weight for each.
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

truth = np.array([[1.0], [0.0], [1.0]], np.float32)
output = np.array([[0.9], [0.3], [0.4]], np.float32)
right = np.where(truth == 1, output, 1 - output)
focal = (1 - right) ** 2 * -np.log(right)


def binary(alpha, **options):
    return float(keras.losses.BinaryFocalCrossentropy(alpha=alpha, gamma=2.0, **options)(truth, output))


def categorical(alpha):
    return float(keras.losses.CategoricalFocalCrossentropy(alpha=alpha, gamma=2.0)(one_hot, both))


one_hot, both = np.hstack([truth, 1 - truth]), np.hstack([output, 1 - output])
for alpha in (0.1, 0.25, 0.9):
    paper = float((np.where(truth == 1, alpha, 1 - alpha) * focal).mean())
    plain, balanced, classes = binary(alpha), binary(alpha, apply_class_balancing=True), categorical(alpha)
    print(f"alpha {alpha}: paper {paper:.4f}, binary {plain:.4f}, with balancing {balanced:.4f}, classes {classes:.4f}")
    assert abs(plain - focal.mean()) < 1e-4 and abs(balanced - paper) < 1e-4
    assert abs(classes - alpha * focal.mean()) < 1e-4
PYTHON
