#!/usr/bin/env bash
# The same epsilon in Adam means another thing in Keras: before the bias correction.
#
# Software: Keras 3.15.1 (backend jax 0.10.2), Optax 0.2.8
# Expected: p -= lr * m^ / (sqrt(v^) + epsilon) with the corrected moments, as in the paper's algorithm, PyTorch and
#           Optax.
# Happens:  Keras divides by sqrt(v) + epsilon and corrects afterwards (the paper's "epsilon hat"), so in the first
#           step epsilon counts 1/sqrt(1 - 0.999) = 32 times as much. With gradients of epsilon's size: 0.031 instead
#           of 0.5.
# Matters:  recipes with a large epsilon (1e-3 for Inception and MobileNet, 1e-8 against f16's small gradients) are
#           warm-ups in one framework and not in the other. To reproduce Keras, epsilon has to be divided by sqrt(1 -
#           beta2^t).
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

epsilon, gradients = 1e-3, (1e-3, 2e-3)
weight = keras.Variable([0.0])
optimizer = keras.optimizers.Adam(1.0, epsilon=epsilon)
optimizer.build([weight])
in_keras = []
for gradient in gradients:
    optimizer.apply([jnp.array([gradient])], [weight])
    in_keras.append(float(weight.value[0]))

step = optax.adam(1.0, eps=epsilon)
parameter = jnp.zeros(1)
state = step.init(parameter)
in_optax = []
for gradient in gradients:
    update, state = step.update(jnp.array([gradient]), state, parameter)
    parameter = parameter + update
    in_optax.append(float(parameter[0]))


def by_hand(hat):
    p = m = v = 0.0
    rows = []
    for t, gradient in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        root = (1 - 0.999**t) ** 0.5
        p -= m / (1 - 0.9**t) / (v**0.5 / root + (epsilon / root if hat else epsilon))
        rows.append(p)
    return rows


print("Keras", in_keras, "\nOptax", in_optax)
close = lambda a, b: all(abs(x - y) < 1e-4 * abs(y) for x, y in zip(a, b))
assert close(in_optax, by_hand(False)) and close(in_keras, by_hand(True))
assert in_optax[0] / in_keras[0] > 16
PYTHON
