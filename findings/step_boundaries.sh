#!/usr/bin/env bash
# A learning rate that drops at step 3 drops at step 3 in Optax and at step 4 in Keras.
#
# Software: Keras 3.15.1 `PiecewiseConstantDecay` (backend jax 0.10.2), Optax 0.2.8 `piecewise_constant_schedule`
# Expected: steps are counted from 0; with a boundary at 3 the fourth update has the new rate.
# Happens:  that is Optax' rule (and PyTorch's `MultiStepLR`). Keras counts the boundary itself to the old rate: the
#           fifth update is the first. Its own `ExponentialDecay(staircase=True)` changes at 3. Keras takes the rates
#           themselves, Optax factors that multiply up: 0.1 twice is 0.01.
# Matters:  boundaries in epochs times steps put the last batch's rate into the first batch of the next epoch. It is one
#           step, and the reason why a reproduction is equal up to there to the last bit and then is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 optax==0.2.8 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
import optax

schedules = {
    "Keras PiecewiseConstantDecay": keras.optimizers.schedules.PiecewiseConstantDecay([3, 5], [1.0, 0.1, 0.01]),
    "Keras ExponentialDecay, staircase": keras.optimizers.schedules.ExponentialDecay(1.0, 3, 0.1, staircase=True),
    "Optax piecewise_constant_schedule": optax.piecewise_constant_schedule(1.0, {3: 0.1, 5: 0.1}),
}
rates = {name: [round(float(schedule(step)), 6) for step in range(7)] for name, schedule in schedules.items()}
for name, series in rates.items():
    print(f"{name}: {series}")
kept, stairs, optax_rates = rates.values()
assert np.allclose(kept, [1, 1, 1, 1, 0.1, 0.1, 0.01])
assert np.allclose(stairs, [1, 1, 1, 0.1, 0.1, 0.1, 0.01])
assert np.allclose(optax_rates, [1, 1, 1, 0.1, 0.1, 0.01, 0.01])
PYTHON
