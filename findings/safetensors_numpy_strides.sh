#!/usr/bin/env bash
# safetensors writes the memory of a NumPy array, not its elements.
#
# Software: safetensors 0.8.0 (safetensors.numpy) with NumPy 2.4.6
# Expected: `save_file` of a transposed or strided view stores what the view shows, or refuses, as the PyTorch side
#           does.
# Happens:  it stores the bytes as they lie in memory under the view's shape: a transposed matrix comes back as a
#           reshape of the original, a slice with a step as the first elements of its base. No error, no warning.
# Matters:  converting weights between frameworks is mostly transposing ([in, out] to [out, in], HWIO to OIHW), so a
#           converter without `np.ascontiguousarray` writes a file that loads everywhere and computes nonsense.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    safetensors==0.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from safetensors.numpy import load_file, save_file

base = np.arange(6, dtype=np.float32).reshape(2, 3)
views = {"transposed": base.T, "every second": base[:, ::2], "Fortran order": np.asfortranarray(base)}
save_file(views, "views.safetensors")
wrong = []
for name, read in load_file("views.safetensors").items():
    print(f"{name:14} saved {views[name].tolist()}  read {read.tolist()}")
    if not np.array_equal(views[name], read):
        wrong.append(name)
save_file({name: np.ascontiguousarray(view) for name, view in views.items()}, "copies.safetensors")
copies = load_file("copies.safetensors")
assert all(np.array_equal(views[name], copies[name]) for name in views)
assert sorted(wrong) == ["Fortran order", "every second", "transposed"], wrong
assert load_file("views.safetensors")["transposed"].tolist() == [[0, 1], [2, 3], [4, 5]]
PYTHON
