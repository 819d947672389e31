#!/usr/bin/env bash
# A mask saved as GIF comes back with its labels counted anew.
#
# Software: Pillow 13.0.0
# Expected: GIF stores indices of up to 256 colours without loss, so a mask of labels 0, 3, 7, 200 keeps them.
# Happens:  a grey image comes back in mode P with the indices 0, 1, 2, 3: Pillow drops the colours that do not occur
#           and numbers the rest. `convert("L")` has the old values, `np.asarray` the new ones. A palette image is
#           renumbered too, by what occurs in it: 0, 3, 8 are 0, 1, 2, so that label 1 means another class in each
#           file. PNG, TIFF and BMP keep the indices of both.
# Matters:  masks of one class look right (0 and 255 become 0 and 1), and some known sets ship their masks as GIF. With
#           several classes the labels depend on which classes an image holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from PIL import Image


def indices(image, kind):
    image.save(f"mask.{kind}")
    with Image.open(f"mask.{kind}") as back:
        return back.mode, np.asarray(back).ravel().tolist(), np.asarray(back.convert("L")).ravel().tolist()


grey = Image.fromarray(np.array([[0, 3, 7, 200]], np.uint8))
colours = [value for label in range(16) for value in (label * 15, 255 - label * 15, 40)]
palettes = []
for labels in ([0, 3, 3, 8], [0, 5, 8, 9]):
    image = Image.new("P", (4, 1))
    image.putpalette(colours)
    image.putdata(labels)
    palettes.append((labels, image))

for kind in ("gif", "png", "tiff", "bmp"):
    mode, read, converted = indices(grey, kind)
    print(f"{kind}: grey labels [0, 3, 7, 200] are read in mode {mode} as {read}, as L {converted}")
    assert converted == [0, 3, 7, 200] and read == ([0, 1, 2, 3] if kind == "gif" else converted)
    for labels, image in palettes:
        mode, read, _ = indices(image, kind)
        print(f"{kind}: palette labels {labels} are read in mode {mode} as {read}")
        assert mode == "P" and read == ([sorted(set(labels)).index(label) for label in labels] if kind == "gif" else labels)
PYTHON
