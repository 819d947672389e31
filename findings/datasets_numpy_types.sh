#!/usr/bin/env bash
# The same column read "as NumPy" has one type in a row and another in a batch, and pixels of uint8 become int64.
#
# Software: datasets 5.2.0 `with_format("numpy")`
# Expected: NumPy arrays of the column's declared type, however they are read.
# Happens:  single numbers keep their type in a row and lose it in a slice, a batch or a column: uint8 and int32 become
#           int64, float64 and float16 become float32, so that 16777217.0 is 16777216 as soon as it comes in a batch.
#           Arrays (`Array2D`, `Array3D`, lists) lose it in a row too: uint8 pixels take eight times their memory. bool,
#           float32 and `Image` columns stay. `with_format("numpy", dtype=...)` sets one type for all columns.
# Matters:  code tried on `data[0]` meets other types in the loop; regression targets and times lose digits there; a set
#           of images kept as arrays does not fit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    datasets==5.2.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/cache" venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from datasets import Array2D, Dataset, Features, Image, Value

columns = {
    "uint8": (Value("uint8"), 7, "uint8", "int64"),
    "int32": (Value("int32"), 7, "int32", "int64"),
    "float16": (Value("float16"), np.float16(0.5), "float16", "float32"),
    "float64": (Value("float64"), 16777217.0, "float64", "float32"),
    "float32": (Value("float32"), 0.5, "float32", "float32"),
    "Array2D of uint8": (Array2D((2, 2), "uint8"), np.ones((2, 2), np.uint8), "int64", "int64"),
    "Array2D of float64": (Array2D((2, 2), "float64"), np.ones((2, 2)), "float32", "float32"),
    "Image": (Image(), np.ones((2, 2, 3), np.uint8), "uint8", "uint8"),
}
for name, (feature, value, row, batch) in columns.items():
    data = Dataset.from_dict({"c": [value, value]}, features=Features({"c": feature})).with_format("numpy")
    one, two, many = data[0]["c"].dtype, data[:2]["c"].dtype, next(iter(data.iter(2)))["c"].dtype
    print(f"{name}: a row gives {one}, a slice {two}, a batch {many}")
    assert (str(one), str(two), str(many)) == (row, batch, batch)
    if name == "float64":
        print("16777217.0 in a row and in a slice:", float(data[0]["c"]), float(data[:2]["c"][0]))
        assert data[0]["c"] == 16777217 and data[:2]["c"][0] == 16777216
PYTHON
