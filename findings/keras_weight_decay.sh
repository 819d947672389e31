#!/usr/bin/env bash
# `weight_decay` of Keras' SGD and Adam is not PyTorch's: it is decoupled in every optimizer.
#
# Software: Keras 3.15.1 (backend jax 0.10.2), against Optax 0.2.8 chains that add the decay to the gradient
# Expected: SGD and Adam add wd * p to the gradient, as `torch.optim.SGD` and `Adam` do; only AdamW decays by itself.
# Happens:  every Keras optimizer shrinks p by lr * wd before its step. With gradient 0, lr 0.1, wd 0.1: SGD with
#           momentum 0.9 is at 0.9606 after four steps, not 0.9109; Adam at 0.9606, not 0.6.
# Matters:  with momentum 0.9 the decay of a copied recipe (5e-4) is ten times weaker than in PyTorch; with Adam it is
#           another algorithm. An importer of training recipes must say "decoupled" for Keras, whatever the optimizer.
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


def in_keras(optimizer):
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    for _ in range(4):
        optimizer.apply([jnp.zeros(1)], [weight])
    return round(float(weight.value[0]), 4)


def coupled(step):
    chain = optax.chain(optax.add_decayed_weights(0.1), step)
    parameter = jnp.ones(1)
    state = chain.init(parameter)
    for _ in range(4):
        update, state = chain.update(jnp.zeros(1), state, parameter)
        parameter = parameter + update
    return round(float(parameter[0]), 4)


seen = {
    "SGD": in_keras(keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1)),
    "Adam": in_keras(keras.optimizers.Adam(0.1, weight_decay=0.1)),
    "AdamW": in_keras(keras.optimizers.AdamW(0.1, weight_decay=0.1)),
}
added = {"SGD": coupled(optax.sgd(0.1, momentum=0.9)), "Adam": coupled(optax.adam(0.1))}
print(
    "Keras after four steps without gradient:",
    seen,
    "\nadded to the gradient:",
    added,
    "\ndecoupled:",
    round(0.99**4, 4),
)
assert set(seen.values()) == {round(0.99**4, 4)}
assert added["SGD"] == 0.9109 and 0.59 < added["Adam"] < 0.61
PYTHON
