#!/usr/bin/env bash
# Keras' Normalization shows the weights that it was given, and computes with others.
#
# Software: Keras 3.15.1 `layers.Normalization` (backend jax 0.10.2)
# Expected: mean and variance are weights of the layer, listed by `get_weights`; `set_weights` makes one model compute
#           what the other does.
# Happens:  the layer computes with constants that are made when it is adapted or a file is loaded. `set_weights` is
#           taken, `get_weights` shows the new values, and the output stays. A clone of an adapted model with the same
#           weights does not normalise at all: (0, 2, 4) comes out as it went in. Saved and loaded, each model computes
#           with the weights that it showed, so the loaded one differs from the one that was saved. `load_weights`
#           works.
# Matters:  copies for averaging, for evaluation beside training or for another process are made by `set_weights`, and
#           nothing tells that the first layer was left out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import keras
import numpy as np

x = np.array([[0.0], [2.0], [4.0]], np.float32)


def adapted(data):
    layer = keras.layers.Normalization()
    layer.adapt(data)
    return keras.Sequential([keras.Input((1,)), layer])


def output(model):
    return np.asarray(model(x), float).ravel().round(4).tolist()


def shown(model):
    return [float(np.ravel(weight)[0]) for weight in model.get_weights()[:2]]


right, other = adapted(x), adapted(10 * x)
before = output(other)
other.set_weights(right.get_weights())
copy = keras.models.clone_model(right)
copy.set_weights(right.get_weights())
print("adapted:", output(right), "mean and variance", shown(right))
print("another, before and after it was given these weights:", before, output(other), "shows", shown(other))
print("a clone that was given these weights:", output(copy), "shows", shown(copy))
for name, model in (("the other", other), ("the clone", copy)):
    model.save("model.keras")
    print(f"{name}, saved and loaded:", output(keras.saving.load_model("model.keras")))
    assert output(keras.saving.load_model("model.keras")) == output(right) != output(model)
    assert shown(model) == shown(right)
right.save_weights("right.weights.h5")
copy.load_weights("right.weights.h5")
print("the clone after load_weights:", output(copy))
assert output(other) == before and output(copy) == output(right) == [-1.2247, 0, 1.2247]
PYTHON
