#!/usr/bin/env bash
# The gradient of "cut to 0..1" at exactly 0 and 1 is 0, a half or 1, by which of the equal functions is called.
#
# Software: PyTorch 2.15.0, JAX 0.10.2, on CPU
# Expected: at its bounds `clamp` passes the gradient on, as PyTorch did for years, and its relatives agree with it.
# Happens:  PyTorch: clamp with numbers 0, clamp with tensors 0.5, minimum of maximum 0.5, hardtanh 0; one-sided
#           `clamp(min=0)` and ReLU 0. JAX: clip 0.5, hard_tanh 1, relu6 0. JAX's leaky_relu has slope 1 at 0 (PyTorch
#           0.01), its abs 1 (PyTorch 0). `torch.max(x)` splits a tie evenly, `torch.max(x, 0)` gives it to the first,
#           JAX always splits.
# Matters:  zero is no rare value behind a ReLU, a padded border or at initialisation. A gradient check against
#           another framework at such points compares conventions; test values should keep away from the kinks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F


def in_torch(function, x):
    x = torch.tensor(x, requires_grad=True)
    function(x).sum().backward()
    return [round(value, 4) for value in x.grad.tolist()]


def in_jax(function, x):
    return [round(value, 4) for value in jax.grad(lambda x: function(x).sum())(jnp.array(x)).tolist()]


zero, one = torch.tensor(0.0), torch.tensor(1.0)
cases = [
    ("torch clamp(0, 1)", in_torch(lambda x: x.clamp(0, 1), [0.0, 1.0]), [0, 0]),
    ("torch clamp(tensor, tensor)", in_torch(lambda x: x.clamp(zero, one), [0.0, 1.0]), [0.5, 0.5]),
    (
        "torch minimum(maximum)",
        in_torch(lambda x: torch.minimum(torch.maximum(x, zero), one), [0.0, 1.0]),
        [0.5, 0.5],
    ),
    ("torch hardtanh", in_torch(F.hardtanh, [-1.0, 1.0]), [0, 0]),
    ("torch clamp(min=0)", in_torch(lambda x: x.clamp(min=0), [0.0]), [0]),
    ("torch relu", in_torch(F.relu, [0.0]), [0]),
    ("torch leaky_relu", in_torch(F.leaky_relu, [0.0]), [0.01]),
    ("torch abs", in_torch(torch.abs, [0.0]), [0]),
    ("torch max(x)", in_torch(torch.max, [1.0, 1.0]), [0.5, 0.5]),
    ("torch max(x, 0)", in_torch(lambda x: torch.max(x, 0)[0], [1.0, 1.0]), [1, 0]),
    ("jax clip(0, 1)", in_jax(lambda x: jnp.clip(x, 0, 1), [0.0, 1.0]), [0.5, 0.5]),
    ("jax hard_tanh", in_jax(jax.nn.hard_tanh, [-1.0, 1.0]), [1, 1]),
    ("jax relu6", in_jax(jax.nn.relu6, [0.0, 6.0]), [0, 0]),
    ("jax leaky_relu", in_jax(jax.nn.leaky_relu, [0.0]), [1]),
    ("jax abs", in_jax(jnp.abs, [0.0]), [1]),
    ("jax max(x, 0)", in_jax(lambda x: jnp.max(x, 0), [1.0, 1.0]), [0.5, 0.5]),
]
for name, seen, _ in cases:
    print(f"{name:28} {seen}")
assert not [name for name, seen, expected in cases if seen != expected]
PYTHON
