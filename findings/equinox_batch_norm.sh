#!/usr/bin/env bash
# Equinox's batch norm trains by its running average in one mode, and evaluates with too much variance in the other.
#
# Software: Equinox 0.13.8 `BatchNorm` with `mode="ema"` and `mode="batch"` (jax 0.10.2)
# Expected: training divides by the batch's deviation, evaluation by the running one, which after one batch of variance
#           4 with momentum 0.9 is 0.9 + 0.4 = 1.3 (Flax, Keras, PyTorch) or, corrected for its start, 4 (Haiku).
# Happens:  "ema" copies the first batch and then normalises by the running average in training too: a second batch that
#           is ten times as large comes out with deviation 3, not 1. "batch" starts the variance at 1 and divides by 1 -
#           0.9^t as if it had started at 0: it evaluates with 13 after one batch. With the usual 0.99 it is 0.6 too
#           much after a hundred batches.
# Matters:  the numbers kept in its state are not running statistics in the sense of other files: of the second mode's,
#           both have to be divided by 1 - momentum^counter first. Validation after a short first epoch looks dead where
#           training does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    equinox==0.13.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import equinox
import jax
import jax.numpy as jnp
import numpy as np


def norm(mode, momentum=0.9):
    layer, state = equinox.nn.make_with_state(equinox.nn.BatchNorm)(
        1, "batch", channelwise_affine=False, eps=0.0, momentum=momentum, mode=mode
    )

    def call(x, state, inference=False):
        mapped = jax.vmap(
            lambda one, s: layer(one, s, inference=inference), axis_name="batch", in_axes=(0, None), out_axes=(0, None)
        )
        y, state = mapped(jnp.array(x, jnp.float32)[:, None], state)
        return np.array(y)[:, 0], state

    return call, state


batch = np.array([-2.0, 2.0, -2.0, 2.0])
for mode in ("ema", "batch"):
    call, state = norm(mode)
    first, state = call(batch, state)
    evaluated, _ = call(batch, state, inference=True)
    second, _ = call(10 * batch, state)
    variance = float((batch.std() / evaluated.std()) ** 2)
    print(f"{mode}: training {first.std():.2f}, then {second.std():.2f}; variance in evaluation {variance:.2f}")
    assert abs(first.std() - 1) < 1e-5
    if mode == "ema":
        assert abs(second.std() - 20 / (0.9 * 4 + 0.1 * 400) ** 0.5) < 1e-3 and abs(variance - 4) < 1e-4
    else:
        assert abs(second.std() - 1) < 1e-5 and abs(variance - (0.9 + 0.1 * 4) / 0.1) < 1e-3
call, state = norm("batch", 0.99)
for _ in range(100):
    _, state = call(batch, state)
evaluated, _ = call(batch, state, inference=True)
variance = float((batch.std() / evaluated.std()) ** 2)
print(f"batch, momentum 0.99, 100 batches of variance 4: {variance:.3f}")
assert abs(variance - (4 + 0.99**100 / (1 - 0.99**100))) < 1e-2
PYTHON
