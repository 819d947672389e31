#!/usr/bin/env bash
# Keras' sharpening brightens the border of a flat image by a quarter, its corners by more than a third.
#
# Software: Keras 3.15.1 `RandomSharpness` (backend jax 0.10.2), Pillow 13.0.0
# Expected: a flat image stays as it is, blurred or sharpened, and the inside is what Pillow's `Sharpness` makes, which
#           leaves the border alone.
# Happens:  the inside is Pillow's. At the border the blur averages with zeros from outside, and what is sharpened is
#           the difference to that: with the largest factor a flat 100 has 123 along its edges and 138 in its corners;
#           with factor 0, the blur, 77 and 62. Away from the border nothing changes.
# Matters:  as an augmentation it teaches a bright or dark frame that no image has, more so in small images: of 32 x 32
#           pixels an eighth is border. `RandAugment` has it among its operations.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
KERAS_BACKEND=jax venv/bin/python -W ignore - <<'PYTHON'
import keras
import numpy as np
from PIL import Image, ImageEnhance


def sharpen(image, factor):
    layer = keras.layers.RandomSharpness((factor, factor), value_range=(0, 255))
    return np.asarray(layer(image[None].astype(np.float32), training=True))[0, ..., 0]


flat = np.full((8, 8, 3), 100, np.uint8)
spot = flat.copy()
spot[4, 4] = 150
for factor, corner, edge in ((1.0, 138, 123), (0.5, 100, 100), (0.0, 62, 77)):
    found = sharpen(flat, factor)
    pillow = np.asarray(ImageEnhance.Sharpness(Image.fromarray(flat)).enhance(2 * factor))[..., 0]
    print(f"factor {factor}: corner {found[0, 0]:.1f}, edge {found[0, 4]:.1f}, inside {found[4, 4]:.1f}; Pillow {set(pillow.ravel().tolist())}")
    assert abs(found[0, 0] - corner) < 1 and abs(found[0, 4] - edge) < 1 and abs(found[4, 4] - 100) < 0.1
    assert (pillow == 100).all()
inside = sharpen(spot, 1.0)[2:-2, 2:-2]
pillow = np.asarray(ImageEnhance.Sharpness(Image.fromarray(spot)).enhance(2.0))[2:-2, 2:-2, 0]
print(f"a spot of 150, sharpened: {inside.max():.1f}, by Pillow {pillow.max()}")
assert abs(inside - pillow).max() < 1
PYTHON
