#!/usr/bin/env bash
# A dead network has a top-1 accuracy of 100 % in Keras, if top-1 is counted as "top k with k = 1".
#
# Software: Keras 3.15.1, `SparseTopKCategoricalAccuracy`, backends jax 0.10.2 and numpy 2.4.6
# Expected: equal logits for 10 classes give 10 % at k = 1 and 50 % at k = 5 on balanced data, and NaN counts as
#           wrong.
# Happens:  an example counts if fewer than k logits are *larger* than its own, so with equal logits all are right:
#           100 %. With all logits NaN the jax backend says 100 % as well, numpy 0 %; `SparseCategoricalAccuracy` says
#           10 % each time.
# Matters:  zero-initialised heads, dead ReLUs and quantized logits have ties. An evaluation has to break ties by a
#           rule that cannot flatter (by index, as argmax does), and has to treat NaN as wrong by an explicit test.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os
import subprocess
import sys

program = """
import keras, numpy as np
for logits in (np.zeros((10, 10), "float32"), np.full((10, 10), np.nan, "float32")):
    row = []
    for metric in (keras.metrics.SparseCategoricalAccuracy(), *(keras.metrics.SparseTopKCategoricalAccuracy(k=k) for k in (1, 5))):
        metric.update_state(np.arange(10), logits)
        row.append(round(float(metric.result()), 3))
    print(*row)
"""
expected = {"jax": ["0.1 1.0 1.0", "0.1 1.0 1.0"], "numpy": ["0.1 1.0 1.0", "0.1 0.0 0.0"]}
for backend, lines in expected.items():
    environment = dict(os.environ, KERAS_BACKEND=backend)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    seen = run.stdout.splitlines()
    print(f"{backend:5} argmax, top-1, top-5 of equal logits: {seen[0]}; of NaN: {seen[1]}")
    assert seen == lines
PYTHON
