#!/usr/bin/env bash
# tinygrad shares a max pool's gradient among equal maxima, and loses NaN in ReLU and max pool.
#
# Software: tinygrad 0.14.0 (its device written in Python, so no compiler is needed), against Flax 0.12.8
# Expected: one place of a window takes the gradient, the first in row order; NaN stays NaN.
# Happens:  four equal values get a quarter each. relu of NaN is 0, the maximum of 1, NaN, 3, 2 is 3, and relu6 has
#           slope 1 at 6.
# Matters:  behind a ReLU whole windows are 0, so ties are the rule: half of a young network's pool gradients go
#           elsewhere than in PyTorch. And a diverged tinygrad run shows finite activations: look at the loss or the
#           weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    tinygrad==0.14.0 jax==0.10.2 flax==0.12.8 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["DEV"] = "PYTHON"
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from tinygrad import Tensor


def slopes(function, values):
    x = Tensor(values).contiguous().realize()
    return function(x).sum().gradient(x)[0].numpy().tolist()


shared = slopes(lambda x: x.reshape(1, 1, 2, 2).max_pool2d(2), [0.0] * 4)
single = jax.grad(lambda x: nn.max_pool(x, (2, 2), (2, 2)).sum())(jnp.zeros((1, 2, 2, 1))).ravel().tolist()
nan = float("nan")
lost = Tensor([nan]).relu().item(), Tensor([[[[1.0, nan], [3.0, 2.0]]]]).max_pool2d(2).item()
kept = float(jax.nn.relu(nan)), float(
    nn.max_pool(jnp.array([1.0, nan, 3.0, 2.0]).reshape(1, 2, 2, 1), (2, 2))[0, 0, 0, 0]
)
print("gradient of a window of zeros: tinygrad", shared, "Flax", single)
print("relu of NaN and maximum with a NaN: tinygrad", lost, "Flax", kept)
print("slope of relu6 at 0 and 6 in tinygrad:", slopes(lambda x: x.relu6(), [0.0, 6.0]))
assert shared == [0.25] * 4 and single == [1, 0, 0, 0]
assert lost == (0, 3) and np.isnan(kept).all()
assert slopes(lambda x: x.relu6(), [0.0, 6.0]) == [0, 1]
PYTHON
