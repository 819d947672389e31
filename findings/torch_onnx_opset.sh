#!/usr/bin/env bash
# Asked for ONNX opset 26 or 11, PyTorch writes a file that says 18; in the first there is an operator of opset 20.
#
# Software: PyTorch 2.15.0 (`torch.onnx.export`), onnxscript 0.7.2, onnx 1.23.2
# Expected: the file has the opset that was asked for, or there is an error.
# Happens:  where the conversion fails, a warning is logged, the call returns, and the file keeps opset 18 (11 and 13
#           of a GELU; 17 works). For 26 it is translated with operators of the highest opset that the exporter has,
#           Gelu among them, and then labelled 18, where there is no Gelu: onnx's checker refuses it. 20, 22 and 24 are
#           right.
# Matters:  the number in the call is there for an old or a new reader, so the file fails there, on another machine.
#           Read the opset back after the export, and run the checker.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io

import onnx
import torch

model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.GELU()).eval()
seen = {}
for asked in (11, 17, 20, 24, 26):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(model, (torch.zeros(1, 3, 6, 6),), "m.onnx", opset_version=asked, verbose=False)
    written = onnx.load("m.onnx")
    try:
        onnx.checker.check_model("m.onnx")
        verdict = "valid"
    except onnx.checker.ValidationError as error:
        verdict = str(error).splitlines()[0][:60]
    seen[asked] = written.opset_import[0].version, "Gelu" in {node.op_type for node in written.graph.node}, verdict
    print(f"asked for {asked}: opset {seen[asked][0]}, Gelu as one node {seen[asked][1]}; the checker: {verdict}")
assert seen[11] == (18, False, "valid") and seen[17] == (17, False, "valid")
assert seen[20] == (20, True, "valid") and seen[24] == (24, True, "valid")
assert seen[26][:2] == (18, True) and "Gelu" in seen[26][2]
PYTHON
