#!/usr/bin/env bash
# Equinox's adaptive average pool has other windows than PyTorch's.
#
# Software: Equinox 0.13.8 `AdaptiveAvgPool1d` (jax 0.10.2), PyTorch's rule written out
# Expected: window i of n to k reaches from floor(i n / k) to ceil((i + 1) n / k), so windows overlap where k does not
#           divide n: 0 to 4 become 0.5, 2, 3.5.
# Happens:  the windows are disjoint, and the first n mod k of them are one longer: 0.5, 2.5, 4. From 7 to 5 the last
#           three windows are single pixels. Enlarging, 3 to 5, is a division by zero, where PyTorch repeats.
# Matters:  AlexNet, VGG and PSPNet pool to 6, 7 or 2, 3, 6, and see no difference at the size they were trained at,
#           only at others. An exporter needs k windows of their own, or the exact case.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    equinox==0.13.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import equinox
import jax.numpy as jnp
import numpy as np


def overlapping(x, k):
    n = len(x)
    return [float(np.mean(x[i * n // k : -(-(i + 1) * n // k)])) for i in range(k)]


def disjoint(x, k):
    return [float(np.mean(part)) for part in np.array_split(x, k)]


differ = {(5, 3): True, (7, 3): True, (7, 5): True, (10, 6): True, (8, 4): False, (6, 1): False}
for (n, k), expected in differ.items():
    x = np.arange(n, dtype=np.float32)
    pooled = np.array(equinox.nn.AdaptiveAvgPool1d(k)(jnp.array(x)[None]))[0]
    print(f"{n} to {k}: {pooled.round(2).tolist()}, PyTorch {np.round(overlapping(x, k), 2).tolist()}")
    assert np.allclose(pooled, disjoint(x, k))
    assert np.allclose(pooled, overlapping(x, k)) != expected
try:
    equinox.nn.AdaptiveAvgPool1d(5)(jnp.zeros((1, 3)))
    raise SystemExit("3 to 5 is no error any more")
except ZeroDivisionError as error:
    print("3 to 5:", error)
PYTHON
