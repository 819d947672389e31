#!/usr/bin/env bash
# A drop of the learning rate reaches Keras' SGD with momentum about ten steps late.
#
# Software: Keras 3.15.1 `SGD(momentum=0.9)` (backend jax 0.10.2), Optax 0.2.8 `sgd`
# Expected: v = 0.9 v + g, p -= lr v (PyTorch, Optax): a rate ten times lower makes the next step ten times smaller.
# Happens:  v = 0.9 v - lr g, p += v: the rate is inside the velocity, so after 1, 1, 0.1, 0.1 with constant gradient
#           1 the steps are 1, 1.9, 1.81, 1.73 instead of 1, 1.9, 0.27, 0.34.
# Matters:  equal at a constant rate, so tests with one rate do not tell. Step schedules, warm-up and restarts behave
#           differently, and a checkpoint's momentum moved between frameworks has to be multiplied by -lr.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 optax==0.2.8
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import jax.numpy as jnp
import keras
import optax

rates = (1.0, 1.0, 0.1, 0.1)
weight = keras.Variable([0.0])
optimizer = keras.optimizers.SGD(1.0, momentum=0.9)
optimizer.build([weight])
in_keras = []
for rate in rates:
    optimizer.learning_rate = rate
    before = float(weight.value[0])
    optimizer.apply([jnp.ones(1)], [weight])
    in_keras.append(round(before - float(weight.value[0]), 3))

sgd = optax.sgd(lambda step: jnp.array(rates)[step], momentum=0.9)
state = sgd.init(jnp.zeros(1))
in_optax = []
for _ in rates:
    update, state = sgd.update(jnp.ones(1), state)
    in_optax.append(round(-float(update[0]), 3))
print("rates", rates, "\nKeras steps", in_keras, "\nOptax steps", in_optax)
assert in_keras == [1, 1.9, 1.81, 1.729] and in_optax == [1, 1.9, 0.271, 0.344]
PYTHON
