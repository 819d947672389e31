#!/usr/bin/env bash
# An upsampling by a fraction changes its size on the way to ONNX, and again between two readers.
#
# Software: PyTorch 2.15.0 (`torch.onnx.export`), ONNX Runtime 1.32.0, onnx 1.23.2 (ReferenceEvaluator)
# Expected: floor(size * scale) everywhere.
# Happens:  100 * 0.29 is 28.999999999999996 in PyTorch's f64, so 28; ONNX stores the scale as f32 and ONNX Runtime
#           multiplies in f32: 29. Conversely 10 * 0.7 is 7 in both, while onnx's reference multiplies the f32 scale
#           in f64: 6.999999880791, so 6.
# Matters:  a skip connection behind such a resize fails to add up in one runtime only. An exporter that knows the
#           sizes should write `sizes`, not `scales`, wherever the product is not exact.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import io
import contextlib

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


class Scale(torch.nn.Module):
    def forward(self, x):
        return F.interpolate(x, scale_factor=0.29, mode="bilinear")


x = torch.zeros(1, 1, 100, 100)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    torch.onnx.export(Scale().eval(), (x,), "scale.onnx", verbose=False)
session = onnxruntime.InferenceSession("scale.onnx")
exported = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0].shape[-1]
own = Scale()(x).shape[-1]
print(f"100 by 0.29: PyTorch {own}, its export in ONNX Runtime {exported}")

scales = numpy_helper.from_array(np.array([1, 1, 1, 0.7], np.float32), "scales")
graph = helper.make_graph(
    [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 10])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, None])],
    [scales],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
row = np.zeros((1, 1, 1, 10), np.float32)
runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": row})[0].shape[-1]
reference = ReferenceEvaluator(model).run(None, {"x": row})[0].shape[-1]
torchs = F.interpolate(torch.tensor(row), scale_factor=(1, 0.7)).shape[-1]
print(f"10 by 0.7: PyTorch {torchs}, ONNX Runtime {runtime}, onnx's reference {reference}")
assert (own, exported) == (28, 29) and (torchs, runtime, reference) == (7, 7, 6)
PYTHON
