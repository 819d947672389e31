#!/usr/bin/env bash
# One Keras program, two bicubic kernels: the backend decides.
#
# Software: Keras 3.15.1, `keras.ops.image.resize(..., "bicubic")`, backends jax 0.10.2 and torch 2.15.0
# Expected: Keras' backends compute the same; `nearest` and `bilinear` do.
# Happens:  jax uses Keys' kernel with a = -0.5 and renormalises at the border, torch a = -0.75 and repeats the edge:
#           a ramp enlarged from 10 to 15 begins at -0.066 or -0.087, and inside the image the torch backend does not
#           even reproduce the ramp. `lanczos3` is an error there.
# Matters:  a preprocessing layer inside a saved .keras file changes its output with the backend that opens it.
#           Bicubic needs its a and its border rule written down (Pillow -0.5, OpenCV and PyTorch -0.75).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os
import subprocess
import sys

program = """
import keras, numpy as np
ramp = np.arange(10, dtype="float32").reshape(1, 1, 10, 1)
for mode in ("nearest", "bilinear", "bicubic"):
    out = keras.ops.image.resize(ramp, (1, 15), interpolation=mode, data_format="channels_last")
    print(*np.round(keras.ops.convert_to_numpy(out)[0, 0, :5, 0], 3))
"""
seen = {}
for backend in ("jax", "torch"):
    environment = dict(os.environ, KERAS_BACKEND=backend)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    seen[backend] = [[float(value) for value in line.split()] for line in run.stdout.splitlines()]
for at, mode in enumerate(("nearest", "bilinear", "bicubic")):
    print(f"{mode:8} jax {seen['jax'][at]} torch {seen['torch'][at]}")
    worst = max(abs(a - b) for a, b in zip(seen["jax"][at], seen["torch"][at]))
    assert (worst < 1e-3) == (mode != "bicubic")
PYTHON
