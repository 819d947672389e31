#!/usr/bin/env bash
# Batch norm of unnormalised data: hundreds of times too large in Flax, NaN in Keras on NumPy, right in Keras on JAX.
#
# Software: Flax 0.12.8, Keras 3.15.1 with backends jax 0.10.2 and numpy 2.4.6
# Expected: f32 values of mean 10,000 and deviation 1 come out of a training batch norm with mean 0 and deviation 1.
# Happens:  the variance is E[x2] - E[x]2 in f32, which loses everything there. Flax cuts a negative result to 0 and
#           divides by the root of epsilon: deviation about 300; `use_fast_variance=False` mends it. Keras on NumPy
#           takes the root of a negative number: NaN. Keras on JAX is right. At mean 1,000 Keras on NumPy is off by
#           tens of per cent already.
# Matters:  16-bit images, depth maps and raw sensor data have such means. A fused one-pass kernel has to shift by a
#           first guess, use Welford's or a second pass, or sum in f64. The average of running statistics then carries
#           the damage.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    jax==0.10.2 flax==0.12.8 keras==3.15.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os
import subprocess
import sys

setup = """
import numpy as np
x = lambda mean: (np.random.default_rng(0).standard_normal((64, 8, 8, 3)) + mean).astype("float32")
"""
flax = setup + """
import jax, flax.linen as nn
for fast in (True, False):
    norm = nn.BatchNorm(use_running_average=False, epsilon=1e-5, use_fast_variance=fast)
    for mean in (1e2, 1e3, 1e4):
        print(float(norm.apply(norm.init(jax.random.key(0), x(mean)), x(mean), mutable=["batch_stats"])[0].std()))
"""
keras = setup + """
import keras
for mean in (1e2, 1e3, 1e4):
    print(float(keras.ops.convert_to_numpy(keras.layers.BatchNormalization(epsilon=1e-5)(x(mean), training=True)).std()))
"""


def deviations(program, backend):
    environment = dict(os.environ, KERAS_BACKEND=backend)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return [float(line) for line in run.stdout.splitlines()]


def good(row):
    return all(abs(value - 1) < 0.001 for value in row)


fast_and_slow = deviations(flax, "jax")
rows = {
    "Flax": fast_and_slow[:3],
    "Flax, use_fast_variance=False": fast_and_slow[3:],
    "Keras on jax": deviations(keras, "jax"),
    "Keras on numpy": deviations(keras, "numpy"),
}
for name, row in rows.items():
    print(f"{name:30} deviation at mean 100, 1000, 10000: " + ", ".join(f"{value:.4f}" for value in row))
assert good(rows["Flax, use_fast_variance=False"]) and good(rows["Keras on jax"])
for name in ("Flax", "Keras on numpy"):
    assert abs(rows[name][0] - 1) < 0.01 and not good(rows[name][2:]), rows[name]
PYTHON
