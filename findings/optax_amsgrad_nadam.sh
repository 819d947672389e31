#!/usr/bin/env bash
# AMSGrad and NAdam with equal settings: Optax takes other steps than Keras.
#
# Software: Optax 0.2.8 `amsgrad`, `nadam`; Keras 3.15.1 `Adam(amsgrad=True)`, `Nadam` (backend jax 0.10.2)
# Expected: the same series, up to rounding, as for Adam, Adamax, Adagrad, Adadelta and Lion.
# Happens:  Optax' AMSGrad keeps the largest corrected second moment, so the first gradients, which the correction blows
#           up, count for ever; Keras (and PyTorch) keep the largest moment as it is and correct afterwards. Optax'
#           NAdam has no momentum schedule: its first step is 1.47 learning rates, Keras' and PyTorch's 1.06.
# Matters:  with a large first gradient Optax' AMSGrad goes on with steps a fraction as large. A compiler that names its
#           optimizers after papers has to say which of the two it means.
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

GRADIENTS = [1.0, 0.5, -2.0, 0.1, 0.1, 0.1]


def with_optax(optimizer):
    parameter, series = jnp.ones(1), []
    state = optimizer.init(parameter)
    for gradient in GRADIENTS:
        update, state = optimizer.update(jnp.array([gradient]), state, parameter)
        parameter = optax.apply_updates(parameter, update)
        series.append(float(parameter[0]))
    return np.array(series)


def with_keras(optimizer):
    variable, series = keras.Variable(np.ones(1, np.float32)), []
    optimizer.build([variable])
    for gradient in GRADIENTS:
        optimizer.apply([jnp.array([gradient])], [variable])
        series.append(float(variable.numpy()[0]))
    return np.array(series)


def amsgrad(correct_first, rate=0.1, b1=0.9, b2=0.999):
    x, m, v, largest, series = 1.0, 0.0, 0.0, 0.0, []
    for t, gradient in enumerate(GRADIENTS, 1):
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        correction = 1 - b2**t
        largest = max(largest, v / correction if correct_first else v)
        x -= rate * m / (1 - b1**t) / (largest if correct_first else largest / correction) ** 0.5
        series.append(x)
    return np.array(series)


adams = keras.optimizers
pairs = {
    "Adam": (with_optax(optax.adam(0.1)), with_keras(adams.Adam(0.1, epsilon=1e-8))),
    "AMSGrad": (with_optax(optax.amsgrad(0.1)), with_keras(adams.Adam(0.1, amsgrad=True, epsilon=1e-8))),
    "NAdam": (with_optax(optax.nadam(0.1)), with_keras(adams.Nadam(0.1, epsilon=1e-8))),
}
for name, (ours, theirs) in pairs.items():
    print(f"{name:8} Optax {ours.round(4).tolist()}, Keras {theirs.round(4).tolist()}")
    assert np.allclose(ours, theirs, atol=1e-3) == (name == "Adam")
assert np.allclose(pairs["AMSGrad"][0], amsgrad(True), atol=1e-4)
assert np.allclose(pairs["AMSGrad"][1], amsgrad(False), atol=1e-4)
first_steps = [round(float(1 - series[0]) / 0.1, 2) for series in pairs["NAdam"]]
print("NAdam's first step in learning rates:", first_steps)
assert first_steps == [1.47, 1.06]
PYTHON
