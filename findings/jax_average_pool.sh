#!/usr/bin/env bash
# Average pools that pad: four libraries over one JAX, and two of them count what is not there.
#
# Software: Flax 0.12.8, Haiku 0.0.17, Equinox 0.13.8, Keras 3.15.1, all on jax 0.10.2
# Expected: padding "SAME" is TensorFlow's: a window at the border is the mean of the pixels in it, so ones stay ones.
# Happens:  Haiku and Keras do that. Flax' `avg_pool` counts the padding's zeros unless `count_include_pad=False` is
#           given: a corner of a 3 x 3 window is 4/9. Equinox always counts them, and where `use_ceil=True` lets a
#           window stick out it counts the pixels beyond the edge too, which PyTorch, with the same names and defaults,
#           does not: 5 x 5 in windows of 2 ends in 0.5 and 0.25.
# Matters:  a network moved between libraries that share their arrays still changes its borders. A file format should
#           write down which of the three divisors it means.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    flax==0.12.8 dm-haiku==0.0.17 equinox==0.13.8 keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "jax"
import equinox
import flax.linen
import haiku
import jax.numpy as jnp
import keras
import numpy as np

ones = jnp.ones((1, 5, 5, 1))
rows = {
    "Flax": flax.linen.avg_pool(ones, (3, 3), padding="SAME")[0, 0, :, 0],
    "Flax, count_include_pad=False": flax.linen.avg_pool(
        ones, (3, 3), padding="SAME", count_include_pad=False
    )[0, 0, :, 0],
    "Haiku": haiku.avg_pool(ones, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")[0, 0, :, 0],
    "Keras": keras.layers.AveragePooling2D(3, 1, "same")(ones)[0, 0, :, 0],
    "Equinox": equinox.nn.AvgPool2d(3, 1, padding=1)(ones[..., 0])[0, 0],
}
counting = [4 / 9, 6 / 9, 6 / 9, 6 / 9, 4 / 9]
for name, row in rows.items():
    print(f"{name:30}", np.array(row, float).round(2).tolist())
    assert np.allclose(row, counting if name in ("Flax", "Equinox") else 1)
ceil = np.array(equinox.nn.AvgPool2d(2, 2, use_ceil=True)(ones[..., 0]))[0]
print("Equinox, use_ceil=True:", ceil.tolist())
assert np.allclose(ceil, [[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 0.25]])
PYTHON
