#!/usr/bin/env bash
# MLX's GroupNorm puts channels 0, 2 into one group and 1, 3 into the other.
#
# Software: MLX 0.32.4 on a CPU, `mlx.nn.GroupNorm`, against Flax 0.12.8
# Expected: two groups of four channels are 0, 1 and 2, 3, as in the paper, PyTorch, Keras and Flax.
# Happens:  `pytorch_compatible=False` is the default and takes channel c into group c modulo the number of groups; with
#           `pytorch_compatible=True` the groups are neighbours. As many groups as channels, or one group, make no
#           difference.
# Matters:  weights of a network from PyTorch load without a word, all shapes fit, and its normalisations mix other
#           channels. A converter to or from MLX has to look at the flag, or to permute the channels of the layer before
#           and behind.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    'mlx[cpu]==0.32.4' flax==0.12.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import flax.linen
import mlx.core as mx
import mlx.nn
import numpy as np

mx.set_default_device(mx.cpu)
x = np.random.default_rng(0).standard_normal((1, 3, 3, 4)).astype(np.float32) * [1, 2, 4, 8]
x = x.astype(np.float32)


def flax_norm(values, groups=2):
    return np.array(flax.linen.GroupNorm(groups).apply({"params": {"scale": np.ones(4), "bias": np.zeros(4)}}, values))


def mlx_norm(values, groups=2, **options):
    return np.array(mlx.nn.GroupNorm(groups, 4, **options)(mx.array(values)))


def furthest(a, b):
    return float(np.abs(a - b).max())


order = [0, 2, 1, 3]
print("MLX against Flax:", round(furthest(mlx_norm(x), flax_norm(x)), 3))
print("MLX against Flax with the channels in the order 0, 2, 1, 3:", end=" ")
print(round(furthest(mlx_norm(x)[..., order], flax_norm(x[..., order])), 5))
print("pytorch_compatible=True:", round(furthest(mlx_norm(x, pytorch_compatible=True), flax_norm(x)), 5))
assert furthest(mlx_norm(x), flax_norm(x)) > 0.3
assert furthest(mlx_norm(x)[..., order], flax_norm(x[..., order])) < 1e-4
assert furthest(mlx_norm(x, pytorch_compatible=True), flax_norm(x)) < 1e-4
for groups in (1, 4):
    assert furthest(mlx_norm(x, groups), flax_norm(x, groups)) < 1e-4
PYTHON
