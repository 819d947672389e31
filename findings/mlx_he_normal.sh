#!/usr/bin/env bash
# "He normal" in MLX has half of He's variance.
#
# Software: MLX 0.32.4 on a CPU, `mlx.nn.init.he_normal` and `he_uniform`, against jax 0.10.2
# Expected: a standard deviation of sqrt(2 / inputs), as in the paper, PyTorch's `kaiming_normal_`, Keras and JAX.
# Happens:  an argument `gain` stands before the root, and its default is 1: sqrt(1 / inputs). `he_uniform` likewise
#           reaches to sqrt(3 / inputs) instead of sqrt(6 / inputs). What the paper means is `he_normal()(array,
#           gain=2**0.5)`.
# Matters:  behind ReLU the signal halves its variance with every layer: after twenty layers it is a thousand times
#           smaller, where there is no normalisation. An exchange of recipes by names needs the number beside the name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    'mlx[cpu]==0.32.4' jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import jax
import jax.numpy as jnp
import mlx.core as mx
import mlx.nn
import numpy as np

mx.set_default_device(mx.cpu)
mx.random.seed(0)
like, inputs = mx.zeros((256, 3, 3, 64)), 3 * 3 * 64
he = (2 / inputs) ** 0.5
deviations = {
    "MLX he_normal": float(np.std(np.array(mlx.nn.init.he_normal()(like)))),
    "MLX he_uniform": float(np.std(np.array(mlx.nn.init.he_uniform()(like)))),
    "MLX he_normal, gain sqrt(2)": float(np.std(np.array(mlx.nn.init.he_normal()(like, gain=2**0.5)))),
    "JAX he_normal": float(jax.nn.initializers.he_normal()(jax.random.key(0), (3, 3, 64, 256), jnp.float32).std()),
}
for name, deviation in deviations.items():
    print(f"{name:28} {deviation / he:.3f} of sqrt(2 / inputs)")
    expected = 2**-0.5 if name in ("MLX he_normal", "MLX he_uniform") else 1
    assert abs(deviation / he - expected) < 0.02
PYTHON
