#!/usr/bin/env bash
# webdataset writes a label that it cannot read back.
#
# Software: webdataset 1.0.2, `TarWriter` and `decode()`
# Expected: a `cls` field takes any integer, as a one-element array too (MedMNIST's labels have shape (1,)), or
#           refuses it.
# Happens:  whatever it gets is written as `str(value)`: 3 is "3", np.array([3]) is "[3]", True is "True", 3.0 is
#           "3.0". Reading goes through int(), so the last three raise a DecodingError, when the set is read, not when
#           it is written.
# Matters:  shards are written once, for hours, on another machine. A writer should convert with int() itself; a
#           reader that wants to be helpful can say that "[3]" comes from an array of shape (1,).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    webdataset==1.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import webdataset

seen = {}
for label in (3, np.int64(3), np.array(3), np.array([3]), True, 3.0):
    with webdataset.TarWriter("labels.tar") as writer:
        writer.write({"__key__": "a", "cls": label})
    raw = next(iter(webdataset.WebDataset("labels.tar", shardshuffle=False)))["cls"]
    try:
        read = next(iter(webdataset.WebDataset("labels.tar", shardshuffle=False).decode()))["cls"]
    except Exception as error:
        read = type(error).__name__
    seen[repr(label)] = (raw, read)
    print(f"{label!r:14} written {raw!r:8} read {read!r}")
good = ["3", "np.int64(3)", "array(3)"]
assert all(seen[label] == (b"3", 3) for label in good)
assert {label: raw for label, (raw, _) in seen.items() if label not in good} == {
    "array([3])": b"[3]",
    "True": b"True",
    "3.0": b"3.0",
}
assert all(read == "DecodingError" for label, (_, read) in seen.items() if label not in good)
PYTHON
