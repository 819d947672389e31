#!/usr/bin/env bash
# Keras' cross-entropy divides "probabilities" by their sum, so forgetting the softmax goes unseen.
#
# Software: Keras 3.15.1, `SparseCategoricalCrossentropy()` (from_logits=False, the default), backend jax 0.10.2
# Expected: -log of the entry of the true class, whatever the other entries are; nonsense for what is no distribution.
# Happens:  the row is divided by its sum first: [0.2, 0.2, 0.4] costs -log 0.25, and logits [5, -1, -1] cost 1e-7 (5
#           / 3, cut to 1 - 1e-7) while [5, 1, 1] cost 0.34. An entry of 0 costs 16.12, never infinity.
# Matters:  a model file without a final softmax trains in Keras on something that looks like a loss and even falls,
#           so an importer cannot tell from a model's own loss whether the last layer gives logits; it has to look at
#           `from_logits`.
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

loss = keras.losses.SparseCategoricalCrossentropy()
cases = {(0.2, 0.2, 0.4): -np.log(0.25), (5, -1, -1): 1e-7, (5, 1, 1): -np.log(5 / 7), (0, 1, 0): -np.log(1e-7)}
for row, want in cases.items():
    cost = float(loss(np.array([0]), np.array([row], np.float32)))
    print(f"{row}: {cost:.7f}, expected by this rule {want:.7f}")
    assert abs(cost - want) < 1e-4
assert abs(-np.log(0.2) - cases[(0.2, 0.2, 0.4)]) > 0.2
PYTHON
