#!/usr/bin/env bash
# Images put into a data set: 16-bit colours wrap around, and a JPEG from memory is compressed a second time.
#
# Software: datasets 5.2.0 `Image()`, Pillow 13.0.0
# Expected: pixels go in and come out; what cannot be stored is refused, as float colours and int8 are.
# Happens:  an RGB array of uint16 is stored as its low bytes: 500 comes out as 244, 256 as 0. (Grey uint16 is kept.) A
#           picture opened from a JPEG's bytes is written as a JPEG of Pillow's default quality: 3,124 bytes become
#           1,252, and pixels change each time. One opened from a JPEG *file* keeps the file's bytes.
# Matters:  microscopes and satellites give 16-bit colours; images that come out of an archive or a download are opened
#           from memory. Hand over {"bytes": ...} to keep a file as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    datasets==5.2.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/cache" venv/bin/python -W ignore - <<'PYTHON'
import io

import numpy as np
from datasets import Dataset, Features, Image
from PIL import Image as Pillow


def through(image):
    data = Dataset.from_dict({"image": [image]}, features=Features({"image": Image()}))
    stored = data.data.table.column("image")[0].as_py()
    return stored, np.asarray(data[0]["image"])


values = np.array([[100, 255, 256, 500, 65535]], np.uint16)
colours = through(np.repeat(values[..., None], 3, axis=2))[1]
grey = through(values)[1]
print("uint16 RGB", values[0].tolist(), "comes out as", colours.dtype, colours[0, :, 0].tolist())
print("uint16 grey comes out as", grey.dtype, grey[0].tolist())
assert colours.dtype == np.uint8 and (colours[..., 0] == values % 256).all()
assert grey.dtype == np.uint16 and (grey == values).all()

pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
memory = io.BytesIO()
Pillow.fromarray(pixels).save(memory, "JPEG", quality=95, subsampling=0)
with open("picture.jpg", "wb") as file:
    file.write(memory.getvalue())
original = np.asarray(Pillow.open("picture.jpg")).astype(int)
seen = {}
for name, image in (
    ("opened from a file", Pillow.open("picture.jpg")),
    ("opened from memory", Pillow.open(io.BytesIO(memory.getvalue()))),
    ("given as bytes", {"bytes": memory.getvalue()}),
):
    stored, out = through(image)
    seen[name] = int(abs(out - original).max())
    size = len(stored["bytes"]) if stored["bytes"] else stored["path"] and "the path"
    print(f"JPEG of {len(memory.getvalue())} bytes, {name}: stores {size}, pixels off by up to {seen[name]}")
assert seen["opened from a file"] == seen["given as bytes"] == 0 and seen["opened from memory"] > 24
PYTHON
