#!/usr/bin/env bash
# A missing label in a dictionary column is read as the last class.
#
# Software: pyarrow 26.0.1 with NumPy 2.4.6
# Expected: null stays None when a column becomes a NumPy array, as it does for plain text and for an `Array`.
# Happens:  a column of a table is a ChunkedArray, and of a dictionary-encoded one `to_numpy` and `np.asarray` make the
#           labels cat, null, dog into cat, dog, dog: null's index of -1 is taken for the last entry of the dictionary.
#           `to_pylist` is right, the chunk on its own is right, and so is the column after `dictionary_decode`. Files
#           written by pandas hold categories as such columns.
# Matters:  unlabelled images get a label, the same for all of them, and nothing complains. Count `null_count` before
#           labels are taken out of a table.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check pyarrow==26.0.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import pyarrow
import pyarrow.parquet

for labels in (["cat", None, "dog"], [None, "ant", "bee", "cow", None]):
    encoded = pyarrow.array(labels).dictionary_encode()
    pyarrow.parquet.write_table(pyarrow.table({"plain": labels, "encoded": encoded}), "labels.parquet")
    table = pyarrow.parquet.read_table("labels.parquet")
    column = table["encoded"]
    last = column.chunk(0).dictionary[-1].as_py()
    filled = [label or last for label in labels]
    print(f"{labels}, {column.null_count} null, type {column.type}")
    print("  to_numpy:", column.to_numpy().tolist(), " of the chunk:", column.chunk(0).to_numpy(zero_copy_only=False).tolist())
    print("  plain text:", table["plain"].to_numpy().tolist(), " to_pylist:", column.to_pylist())
    assert column.to_numpy().tolist() == np.asarray(column).tolist() == filled != labels
    assert column.to_pylist() == column.chunk(0).to_numpy(zero_copy_only=False).tolist() == labels
    decoded = pyarrow.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
    assert table["plain"].to_numpy().tolist() == decoded.to_numpy().tolist() == labels
PYTHON
