#!/usr/bin/env bash
# Keras averages weights once a micro-batch, even where it changes them once in N.
#
# Software: Keras 3.15.1, `SGD(use_ema=True, gradient_accumulation_steps=2)`, backend jax 0.10.2
# Expected: the moving average advances when the weights do, as learning rate and weight decay do.
# Happens:  it advances at each call, so N micro-batches make the effective momentum its Nth power: 0.999 with N = 32
#           is 0.969.
# Matters:  a recipe with averaged weights gives another average as soon as it is split into micro-batches to fit in
#           memory. A trainer should count updates for everything: schedule, decay, average, warm-up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np


def run(steps, calls):
    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5, gradient_accumulation_steps=steps)
    optimizer.build([weight])
    rows = []
    for _ in range(calls):
        optimizer.apply([np.array([1.0], np.float32)], [weight])
        rows.append((float(weight.value[0]), float(optimizer._model_variables_moving_average[0].value[0])))
    return rows


whole, split = run(None, 3), run(2, 6)
print("weight and average after each update:", whole)
print("the same in micro-batches of a half: ", split)
assert [row[0] for row in whole] == [row[0] for row in split[1::2]] == [0, -1, -2]
assert [row[1] for row in whole] == [0, -0.5, -1.25]
assert [row[1] for row in split[1::2]] == [0, -0.5, -1.375] and split[4] == (-1, -0.75)
PYTHON
