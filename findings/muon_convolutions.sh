#!/usr/bin/env bash
# Muon in Optax and Keras trains no convolution: they get Adam, at Muon's learning rate.
#
# Software: Optax 0.2.8 `contrib.muon`, Keras 3.15.1 `Muon` (backend jax 0.10.2)
# Expected: a kernel of 3 x 3 x 4 x 8 is seen as a matrix of 36 x 8, as its author does for convolutions, and
#           orthogonalised; or refused, as by `torch.optim.Muon`.
# Happens:  both hand everything that has not two axes to Adam, without a word and with the same rate: at 0.1 each
#           weight of the kernel moves by 0.147 (Optax, Nesterov) or 0.1 (Keras) in the first step. The same kernel
#           handed over as 36 x 8 is orthogonalised, and moves by 0.016 and 0.019 (root mean square), a ninth and a
#           fifth of that.
# Matters:  in a convolutional network Muon then trains the last linear layer. Who wants it has to pass
#           `muon_weight_dimension_numbers` to Optax, or to reshape; and the convolutions want a smaller rate of their
#           own (`adam_learning_rate` in Optax, `adam_lr_ratio` in Keras).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    optax==0.2.8 keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import jax.numpy as jnp
import keras
import numpy as np
import optax

RATE = 0.1
random = np.random.default_rng(0)
kernel = random.standard_normal((3, 3, 4, 8)).astype(np.float32)
gradient = random.standard_normal((3, 3, 4, 8)).astype(np.float32)


def with_optax(shape):
    parameters, gradients = {"w": jnp.array(kernel.reshape(shape))}, {"w": jnp.array(gradient.reshape(shape))}
    muon = optax.contrib.muon(RATE)
    update, _ = muon.update(gradients, muon.init(parameters), parameters)
    return np.array(update["w"])


def with_keras(shape):
    variable = keras.Variable(kernel.reshape(shape), name="kernel")
    muon = keras.optimizers.Muon(RATE, weight_decay=0.0, adam_weight_decay=0.0)
    muon.build([variable])
    muon.apply([jnp.array(gradient.reshape(shape))], [variable])
    return variable.numpy() - kernel.reshape(shape)


for name, step in (("Optax", with_optax), ("Keras", with_keras)):
    for shape in ((36, 8), (3, 3, 4, 8)):
        update = step(shape)
        sizes = np.abs(update)
        values = np.linalg.svd(update.reshape(36, 8), compute_uv=False)
        print(f"{name} {shape}: steps {sizes.min():.4f} to {sizes.max():.4f},", end=" ")
        print(f"root mean square {np.sqrt((update**2).mean()):.4f}, singular values {values[0] / values[-1]:.2f} : 1")
        if len(shape) == 2:
            assert values[0] / values[-1] < 1.7 and sizes.max() > 10 * sizes.min()
        else:
            assert values[0] / values[-1] > 2 and sizes.max() < 1.05 * sizes.min()
            assert abs(sizes.mean() - (0.1474 if name == "Optax" else 0.1)) < 1e-3
scales = [float(np.sqrt((step((36, 8)) ** 2).mean())) for step in (with_optax, with_keras)]
print("root mean squares on the matrix:", [round(scale, 4) for scale in scales])
assert all(0.015 < scale < 0.021 for scale in scales)
PYTHON
