#!/usr/bin/env bash
# "Reduce on plateau": patience 2 means three epochs in one library and two in others, and a constant negative loss is
# progress.
#
# Software: PyTorch 2.15.0, Keras 3.15.1 (backend jax 0.10.2), Optax 0.2.8
# Expected: the same patience reduces in the same epoch, and a metric that never moves is a plateau whatever its
#           value.
# Happens:  with a constant loss of 1 and patience 2 PyTorch reduces at the 4th epoch, Keras and Optax at the 3rd.
#           With a constant loss of -1 PyTorch and Optax never reduce: their threshold is relative, best * (1 - 1e-4),
#           which for a negative best lies *above* it. Keras' `min_delta` is absolute.
# Matters:  recipes are copied with their patience: say which epochs count. Losses below zero are ordinary
#           (likelihoods of densities, a negated score as `loss`), and a relative threshold needs |best|.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 keras==3.15.1 jax==0.10.2 optax==0.2.8
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import jax.numpy as jnp
import keras
import optax
import torch


def in_torch(loss, epochs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2)
    for epoch in range(1, epochs + 1):
        plateau.step(loss)
        if optimizer.param_groups[0]["lr"] < 1:
            return epoch


def in_keras(loss, epochs):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    plateau = keras.callbacks.ReduceLROnPlateau(factor=0.1, patience=2)
    plateau.set_model(model)
    plateau.on_train_begin()
    for epoch in range(1, epochs + 1):
        plateau.on_epoch_end(epoch, {"val_loss": loss})
        if float(model.optimizer.learning_rate) < 1:
            return epoch


def in_optax(loss, epochs):
    plateau = optax.contrib.reduce_on_plateau(factor=0.1, patience=2)
    state = plateau.init(jnp.zeros(1))
    for epoch in range(1, epochs + 1):
        _, state = plateau.update(jnp.zeros(1), state, value=jnp.float32(loss))
        if float(state.scale) < 1:
            return epoch


for loss, expected in ((1.0, (4, 3, 3)), (-1.0, (None, 3, None))):
    seen = tuple(library(loss, 50) for library in (in_torch, in_keras, in_optax))
    print(
        f"constant loss {loss}: first epoch that reduces the rate: PyTorch {seen[0]}, Keras {seen[1]}, Optax {seen[2]}"
    )
    assert seen == expected
PYTHON
