#!/usr/bin/env bash
# safetensors' slices look like NumPy's and are another language.
#
# Software: safetensors 0.8.0 `safe_open(...).get_slice` with NumPy 2.4.6
# Expected: `[start:stop]` means what it means in NumPy and PyTorch.
# Happens:  a stop beyond the end is an error instead of the end, so a loop over `[i : i + n]` fails at its last part;
#           negative starts and stops are an OverflowError while the index -1 and steps work. `[True]` is row 1, where
#           NumPy adds an axis.
# Matters:  this is the call for weights that are too large to load at once. Cut the stop to the length, which is
#           `get_slice(...).get_shape()`, and use whole numbers from 0 on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    safetensors==0.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import safetensors.numpy

array = np.arange(12, dtype=np.float32).reshape(3, 4)
safetensors.numpy.save_file({"weight": array}, "model.safetensors")
cases = {
    "[-1]": (-1, None),
    "[::2]": (slice(None, None, 2), None),
    "[:, 1:3]": ((slice(None), slice(1, 3)), None),
    "[1:10]": (slice(1, 10), "SafetensorError"),
    "[3:6]": (slice(3, 6), "SafetensorError"),
    "[-2:]": (slice(-2, None), "OverflowError"),
    "[:-1]": (slice(None, -1), "OverflowError"),
    "[::-1]": (slice(None, None, -1), "SafetensorError"),
}
with safetensors.safe_open("model.safetensors", "np") as file:
    view = file.get_slice("weight")
    for case, (index, error) in cases.items():
        try:
            read = view[index]
            print(f"{case:9} as NumPy: {read.tolist()}")
            assert error is None and np.array_equal(read, array[index])
        except Exception as raised:
            print(f"{case:9} NumPy: {array[index].tolist()}, here {type(raised).__name__}: {raised}")
            assert type(raised).__name__ == error
    print("[True]   ", view[True].tolist(), "NumPy:", array[True].tolist())
    assert np.array_equal(view[True], array[1]) and array[True].shape == (1, 3, 4)
PYTHON
