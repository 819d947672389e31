#!/usr/bin/env bash
# The log loss of one confident mistake is 36.04, 15.94 or 6.93, by the type of the array.
#
# Software: scikit-learn 1.9.1, `log_loss`
# Expected: a probability of 0 for the true class costs infinity, or some fixed large number.
# Happens:  it is clipped to the epsilon of the array's own type: 36.04 in f64, 15.94 in f32, 6.93 in f16.
# Matters:  softmax in f32 reaches an exact 0 at a difference of about 104 between logits, and predictions saved in
#           f16 do at 17. The same predictions in two types rank models differently. Compute the loss from logits
#           (log-sum-exp).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from sklearn.metrics import log_loss

losses = {}
for kind in (np.float64, np.float32, np.float16):
    losses[kind.__name__] = round(float(log_loss([0], np.array([[0, 1]], kind), labels=[0, 1])), 2)
    print(
        f"p = 0 for the true class, {kind.__name__}: {losses[kind.__name__]}, -log(epsilon) {-np.log(float(np.finfo(kind).eps)):.2f}"
    )
assert losses == {"float64": 36.04, "float32": 15.94, "float16": 6.93}
PYTHON
