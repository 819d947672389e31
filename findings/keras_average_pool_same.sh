#!/usr/bin/env bash
# An average pool with padding "same" has other borders in Keras on PyTorch than in Keras on JAX.
#
# Software: Keras 3.15.1, `AveragePooling2D(3, 2, "same")`, backends jax 0.10.2, numpy 2.4.6 and torch 2.15.0
# Expected: Keras' backends compute the same; a window at the border is the mean of the pixels in it.
# Happens:  jax and numpy do that. The torch backend pads by repeating the edge, so pixels there count twice: 0 to 15 as
#           4 x 4 become 5, 6.67, 11.67, 13.33 instead of 5, 6.5, 11, 12.5. With stride 1 the backends agree, and so do
#           those for max pools.
# Matters:  a .keras file does not say which backend it is for, and "same" with stride 2 on an even size is what
#           networks from TensorFlow do. An importer has to follow TensorFlow and JAX here, and a test against Keras
#           needs the backend in its name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import json
import os
import subprocess
import sys

PROGRAM = """
import json
import keras
import numpy as np
x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
pools = {
    "average, stride 2": keras.layers.AveragePooling2D(3, 2, "same"),
    "average, stride 1": keras.layers.AveragePooling2D(3, 1, "same"),
    "maximum, stride 2": keras.layers.MaxPooling2D(3, 2, "same"),
}
outputs = {name: np.array(keras.ops.convert_to_numpy(pool(x))).ravel().tolist() for name, pool in pools.items()}
print(json.dumps(outputs))
"""
seen = {}
for backend in ("jax", "numpy", "torch"):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, check=True)
    seen[backend] = json.loads(run.stdout)
    print(backend, [round(value, 2) for value in seen[backend]["average, stride 2"]])


def close(ours, theirs):
    return all(abs(a - b) < 1e-4 for a, b in zip(ours, theirs, strict=True))


pooled = {backend: outputs.pop("average, stride 2") for backend, outputs in seen.items()}
assert close(pooled["jax"], [5, 6.5, 11, 12.5]) and close(pooled["numpy"], pooled["jax"])
assert close(pooled["torch"], [5, 20 / 3, 35 / 3, 40 / 3])
for name in ("average, stride 1", "maximum, stride 2"):
    assert close(seen["jax"][name], seen["torch"][name]) and close(seen["jax"][name], seen["numpy"][name])
PYTHON
