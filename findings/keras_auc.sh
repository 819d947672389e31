#!/usr/bin/env bash
# A perfect ranking has an AUC of 0.5 in Keras, if all scores are small.
#
# Software: Keras 3.15.1 `AUC()` (backend jax 0.10.2), scikit-learn 1.9.1 `roc_auc_score`
# Expected: the area depends on the order of the scores alone: scores of 0.0001 to 0.0006 in the right order have an
#           area of 1.
# Happens:  Keras counts at 200 thresholds spread evenly from 0 to 1, and scores between two of them are equal to it:
#           0.5. The same scores times 1000 are 1. With labels of one class Keras says 0, scikit-learn NaN and a
#           warning.
# Matters:  for a rare class a well-calibrated network gives small scores, which is where one looks at the AUC instead
#           of the accuracy; a sigmoid that is nearly sure gives scores near 1, with the same end. `num_thresholds` does
#           not mend it, `thresholds=[...]` does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 scikit-learn==1.9.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
from sklearn.metrics import roc_auc_score


def keras_auc(labels, scores, **options):
    metric = keras.metrics.AUC(**options)
    metric.update_state(labels, scores)
    return float(metric.result())


labels = np.array([0, 0, 0, 1, 1, 1])
order = np.array([1, 2, 3, 4, 5, 6])
cases = {
    "0.1 to 0.6": (order / 10, 1),
    "0.0001 to 0.0006": (order / 10000, 0.5),
    "0.9991 to 0.9996": (0.999 + order / 10000, 0.5),
}
for case, (scores, expected) in cases.items():
    area = keras_auc(labels, scores)
    print(f"{case}: Keras {area:.3f}, scikit-learn {roc_auc_score(labels, scores)}")
    assert abs(area - expected) < 1e-3 and roc_auc_score(labels, scores) == 1
fine = keras_auc(labels, order / 10000, thresholds=(order / 10000 - 0.00005).tolist())
print(f"0.0001 to 0.0006 with thresholds between them: Keras {fine:.3f}")
assert abs(fine - 1) < 1e-3
one_class = keras_auc([1, 1], [0.3, 0.4])
print("one class alone: Keras", one_class, "scikit-learn", roc_auc_score([1, 1], [0.3, 0.4]))
assert one_class == 0 and np.isnan(roc_auc_score([1, 1], [0.3, 0.4]))
PYTHON
