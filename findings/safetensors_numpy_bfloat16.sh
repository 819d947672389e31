#!/usr/bin/env bash
# safetensors reads bfloat16 with NumPy if somebody has imported ml_dtypes, and float8, which it writes, never.
#
# Software: safetensors 0.8.0 (safetensors.numpy) with NumPy 2.4.6 and ml_dtypes 0.6.0
# Expected: what `save_file` takes `load_file` gives back, and `load`, which is the same for bytes, does too.
# Happens:  saving ml_dtypes' bfloat16 and float8 works, and the file is right. `load_file` gives bfloat16 where
#           ml_dtypes has been imported (by jax or onnx, say), and ends with a TypeError where not; `load` of the same
#           bytes ends with KeyError 'BF16' either way. float8 ends with an AttributeError. The f32 tensors
#           of such a file are out of reach for both; `safe_open` gives those one by one.
# Matters:  most weights that are published today are bfloat16. A script works beside an import that it does not use and
#           fails when somebody tidies up. A tool that reads with NumPy should read the bytes itself: a bfloat16 is the
#           upper half of an f32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    safetensors==0.8.0 ml-dtypes==0.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import subprocess
import sys

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

PROGRAM = """
import sys
if sys.argv[1] == "with":
    import ml_dtypes
from safetensors import safe_open
from safetensors.numpy import load, load_file

name = sys.argv[2]
for read in (lambda: load_file(name), lambda: load(open(name, "rb").read())):
    try:
        print(read()["values"].tolist() == [1.5, -2, 0.25])
    except Exception as error:
        print(type(error).__name__)
with safe_open(name, "np") as file:
    print(file.get_tensor("plain").tolist() == [1, 1])
"""
seen = {}
for kind in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    name = np.dtype(kind).name
    save_file({"plain": np.ones(2, np.float32), "values": np.array([1.5, -2, 0.25]).astype(kind)}, name)
    for import_first in ("with", "without"):
        command = [sys.executable, "-c", PROGRAM, import_first, name]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        *seen[name, import_first], plain = run.stdout.split()
        print(f"{name}, {import_first} ml_dtypes: load_file and load {seen[name, import_first]}")
        assert plain == "True"
assert seen["float16", "with"] == seen["float16", "without"] == ["True", "True"]
assert seen["bfloat16", "with"] == ["True", "KeyError"]
assert seen["bfloat16", "without"] == ["TypeError", "KeyError"]
assert seen["float8_e4m3fn", "with"] == seen["float8_e4m3fn", "without"] == ["AttributeError", "KeyError"]
PYTHON
