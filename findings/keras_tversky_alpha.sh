#!/usr/bin/env bash
# Keras' Tversky loss has its two weights the wrong way round.
#
# Software: Keras 3.15.1 `losses.Tversky` (backend jax 0.10.2)
# Expected: alpha weighs false positives and beta false negatives, as Keras' documentation says and as in the other
#           libraries: TP / (TP + alpha * FP + beta * FN).
# Happens:  with alpha 0.9 and beta 0.1, one right pixel and one false alarm cost 1 - 1 / 1.1 = 0.091, one right pixel
#           and one miss 1 - 1 / 1.9 = 0.474. With alpha equal to beta, the default, nothing shows.
# Matters:  the loss is chosen for its weights, mostly to find small things at the price of false alarms. Settings taken
#           from a paper, or from MONAI or segmentation_models_pytorch, do the opposite in Keras.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import keras
import numpy as np

one, two = np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[1.0, 1.0, 0.0, 0.0]])
documentation = " ".join(keras.losses.Tversky.__doc__.split())
place = documentation.index("alpha:")
print("the documentation:", documentation[place : place + 75])
loss = keras.losses.Tversky(alpha=0.9, beta=0.1)
alarm, miss = float(loss(y_true=one, y_pred=two)), float(loss(y_true=two, y_pred=one))
print(f"one hit and one false alarm: {alarm:.4f} (expected {1 - 1 / 1.9:.4f})")
print(f"one hit and one miss:        {miss:.4f} (expected {1 - 1 / 1.1:.4f})")
assert "false positives" in documentation[place : place + 75]
assert abs(alarm - (1 - 1 / 1.1)) < 1e-4 and abs(miss - (1 - 1 / 1.9)) < 1e-4
PYTHON
