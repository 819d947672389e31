#!/usr/bin/env bash
# Class weights in Keras scale the learning rate; in PyTorch they do not.
#
# Software: Keras 3.15.1, `fit(class_weight=...)`, backend jax 0.10.2
# Expected: the weighted mean: sum of w * loss / sum of w, as `torch.nn.CrossEntropyLoss(weight=...)` has it.
# Happens:  the sum of w * loss is divided by the number of examples, in the gradient as in the printed loss: weights
#           3 and 1 on one and three examples give a first loss of 1.0397 where the mean is ln 2 = 0.6931, and every
#           gradient is 1.5 times as large.
# Matters:  a loss above ln(classes) in the first epoch is no bug there; a recipe with class weights moved to or from
#           Keras needs its rate multiplied by the mean weight. Which of the two a trainer does belongs in its
#           documentation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

x, labels, weights = (
    np.array([[1, 0], [0, 1], [1, 1], [0.5, 0.5]], np.float32),
    np.array([0, 1, 1, 1]),
    {0: 3.0, 1: 1.0},
)
model = keras.Sequential([keras.layers.Dense(2, kernel_initializer="zeros", use_bias=False)])
model.compile(keras.optimizers.SGD(1.0), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
printed = model.fit(x, labels, batch_size=4, epochs=1, class_weight=weights, verbose=0).history["loss"][0]
moved = np.asarray(model.get_weights()[0])

w = np.array([weights[label] for label in labels])
gradient = x.T @ (w[:, None] * (0.5 - np.eye(2)[labels]))
by_count, by_weight = -gradient / len(x), -gradient / w.sum()
print(f"printed loss {printed:.4f}; by count {w.sum() * np.log(2) / len(x):.4f}, weighted mean {np.log(2):.4f}")
print("step", moved.tolist(), "by count", by_count.tolist(), "weighted mean", by_weight.round(4).tolist())
assert abs(printed - w.sum() * np.log(2) / len(x)) < 1e-4
assert np.allclose(moved, by_count, atol=1e-5) and not np.allclose(moved, by_weight, atol=1e-2)
PYTHON
