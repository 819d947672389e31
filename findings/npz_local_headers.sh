#!/usr/bin/env bash
# The entries of an .npz file do not say their size where a reader that goes from front to back looks for it.
#
# Software: NumPy 2.4.6, `np.savez` and `np.savez_compressed`
# Expected: an array of 24 bytes makes a plain zip entry; zip64 begins at 4 GiB.
# Happens:  every entry is zip64. The two size fields of its local header are FFFFFFFF, the sizes stand in a 20-byte
#           extra field, and the version needed is 4.5; the central directory at the end of the file has plain sizes.
# Matters:  an importer that streams the file, or a small zip reader without zip64, sees 4 GiB in each entry. Take the
#           sizes from the central directory, or read the extra field of the local header.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import struct
import zipfile

import numpy as np

for save in (np.savez, np.savez_compressed):
    save("array.npz", x=np.arange(6, dtype=np.float32))
    raw = open("array.npz", "rb").read()
    _, version, _, method, _, _, _, packed, plain, name, extra = struct.unpack("<IHHHHHIIIHH", raw[:30])
    kind, length, big, big_packed = struct.unpack("<HHQQ", raw[30 + name : 30 + name + 20])
    central = zipfile.ZipFile("array.npz").infolist()[0]
    print(
        f"{save.__name__}: method {method}, needs {version / 10}, local sizes {packed:x} and {plain:x}, "
        f"extra field {kind:x}: {big} and {big_packed}, central directory {central.file_size} and {central.compress_size}"
    )
    assert (version, packed, plain, extra, kind, length) == (45, 0xFFFFFFFF, 0xFFFFFFFF, 20, 1, 16)
    assert (big, big_packed) == (central.file_size, central.compress_size) and central.extra == b""
PYTHON
