#!/usr/bin/env bash
# Two Keras layers that are handed one initializer start with the same weights.
#
# Software: Keras 3.15.1, backend jax 0.10.2
# Expected: each layer draws its own numbers; only equal seeds would give equal weights.
# Happens:  an initializer draws its seed when it is made and starts from it at each call. `init = HeNormal()` given to
#           several layers makes them equal, with and without a seed; a layer of another size begins with the same
#           numbers, scaled. `"he_normal"` as text is another object each time. Two Dropout layers with equal seeds
#           drop the same places.
# Matters:  parallel branches that start equal and see equal inputs stay equal for ever: half of the filters are
#           copies. An importer that writes Keras code must write the initializer out at each layer.
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
import keras
import numpy as np


def kernels(*initializers, units=(3, 3)):
    layers = [keras.layers.Dense(width, kernel_initializer=start) for width, start in zip(units, initializers)]
    for layer in layers:
        layer.build((None, 4))
    return [layer.get_weights()[0] for layer in layers]


unseeded = keras.initializers.HeNormal()
seeded = keras.initializers.HeNormal(seed=1)
equal = {
    "one object without a seed": np.array_equal(*kernels(unseeded, unseeded)),
    "one object with a seed": np.array_equal(*kernels(seeded, seeded)),
    "two objects without a seed": np.array_equal(*kernels(unseeded, keras.initializers.HeNormal())),
    "the name": np.array_equal(*kernels("he_normal", "he_normal")),
}
narrow, wide = kernels(unseeded, unseeded, units=(3, 6))
equal["the first 12 numbers of 4 x 3 and 4 x 6"] = np.array_equal(narrow.ravel(), wide.ravel()[:12])
ones = np.ones((1, 64), np.float32)
masks = [np.array(keras.layers.Dropout(0.5, seed=3)(ones, training=True)) for _ in range(2)]
equal["masks of two Dropout layers with seed 3"] = np.array_equal(*masks)
for name, same in equal.items():
    print(f"{name}: {'equal' if same else 'different'}")
assert list(equal.values()) == [True, True, False, False, True, True]
PYTHON
