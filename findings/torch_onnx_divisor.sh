#!/usr/bin/env bash
# PyTorch exports an average pool with a divisor of its own as one without.
#
# Software: PyTorch 2.15.0 (`torch.onnx.export`), onnxscript 0.7.2, ONNX Runtime 1.32.0
# Expected: ONNX's AveragePool has no such attribute, so AvgPool2d(2, divisor_override=1) becomes a pool and a
#           multiplication, or an error.
# Happens:  it becomes the plain pool, without a word: 10, 18, 42, 50 arrive as 2.5, 4.5, 10.5, 12.5.
# Matters:  a divisor of 1 is how sums over windows are written (box filters, local energy, counting). The shapes are
#           right. A compiler that knows the layer has to lower it to the mean times window over divisor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io

import numpy as np
import onnx
import onnxruntime
import torch

x = torch.arange(16.0).view(1, 1, 4, 4)
for divisor, kept in ((None, True), (1, False), (3, False)):
    model = torch.nn.AvgPool2d(2, divisor_override=divisor)
    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        torch.onnx.export(model, (x,), "m.onnx", verbose=False)
    session = onnxruntime.InferenceSession("m.onnx")
    exported = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    kinds = [node.op_type for node in onnx.load("m.onnx").graph.node]
    print(f"divisor {divisor}: PyTorch {model(x).ravel().tolist()}, {kinds} {exported.ravel().tolist()}")
    assert kinds == ["AveragePool"] and "divisor" not in log.getvalue()
    assert np.allclose(exported, model(x).numpy()) == kept
    assert np.allclose(exported, torch.nn.functional.avg_pool2d(x, 2).numpy())
PYTHON
