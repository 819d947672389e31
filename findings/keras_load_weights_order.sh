#!/usr/bin/env bash
# Keras loads the weights of a longer network into a shorter one, each layer one place off.
#
# Software: Keras 3.15.1, `save_weights("x.weights.h5")` and `load_weights`, backend jax 0.10.2
# Expected: weights find their layers by name, and what is left over is an error.
# Happens:  layers are matched by class and by their place among layers of that class (dense, dense_1, ...), not by the
#           name the user gave; the name is in the file, as an attribute, and is not compared. Two layers in another
#           order swap their weights. A file with one Dense more than the network loads without a word: the first layer
#           gets what belonged to the one that was removed. Only a file with too few is refused; `skip_mismatch=True`
#           shifts there too.
# Matters:  removing a layer in the middle of a trained network, of a size with its neighbours, is the usual way to make
#           a smaller one. Whoever reads or writes these files should take the attribute `name`, and compare outputs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import h5py
import keras
import numpy as np


def network(*names):
    return keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4, name=name) for name in names)])


def origin(model, layer):
    """Which of the saved layers this layer has its kernel from."""
    kernel = model.get_layer(layer).get_weights()[0]
    return next((name for name in "abc" if np.array_equal(saved.get_layer(name).get_weights()[0], kernel)), None)


saved = network("a", "b", "c")
saved.save_weights("saved.weights.h5")
with h5py.File("saved.weights.h5") as file:
    print("in the file:", {group: part["vars"].attrs["name"] for group, part in file["layers"].items()})
turned = network("c", "b", "a")
turned.load_weights("saved.weights.h5")
shorter = network("b", "c")
shorter.load_weights("saved.weights.h5")
longer = network("new", "a", "b", "c")
try:
    longer.load_weights("saved.weights.h5")
    raise SystemExit("a file with too few layers is accepted now")
except ValueError as error:
    print("a longer network:", str(error).splitlines()[0][:90])
longer.load_weights("saved.weights.h5", skip_mismatch=True)
for title, model in (("turned round", turned), ("shorter", shorter), ("longer, skip_mismatch", longer)):
    print(f"{title}: {({layer.name: origin(model, layer.name) for layer in model.layers})}")
assert [origin(turned, name) for name in "cba"] == ["a", "b", "c"]
assert [origin(shorter, name) for name in "bc"] == ["a", "b"]
assert [origin(longer, name) for name in ("new", "a", "b", "c")] == ["a", "b", "c", None]
PYTHON
