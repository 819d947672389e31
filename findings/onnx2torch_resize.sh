#!/usr/bin/env bash
# onnx2torch reads every linear Resize as half_pixel, and every nearest one as PyTorch's.
#
# Software: onnx2torch 1.5.15 with PyTorch 2.15.0, against ONNX Runtime 1.32.0
# Expected: a Resize that PyTorch cannot compute is refused, as the converter refuses many other nodes.
# Happens:  `asymmetric` with `linear` or `cubic` (what TensorFlow's converters and Upsample of opset 9 write) becomes
#           `interpolate(align_corners=False)`; `nearest_mode` is not looked at, so `ceil` becomes
#           floor. half_pixel, align_corners (linear), and nearest with floor are right.
# Matters:  the result has the right size and looks like the right image, shifted by up to half a pixel of the smaller
#           map: segmentation masks lie beside their objects. Compare outputs after importing, on a ramp.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 onnx==1.23.2 onnx2torch==1.5.15 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnx2torch
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

x = np.arange(36, dtype=np.float32).reshape(1, 1, 6, 6) ** 1.5


def apart(scale, **attributes):
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", "", "s"], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, int(6 * scale), int(6 * scale)])],
        [numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "s")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    return float(abs(onnx2torch.convert(model)(torch.from_numpy(x)).numpy() - runtime).max())


cases = [
    ("linear", "half_pixel", {}, True),
    ("linear", "align_corners", {}, True),
    ("linear", "asymmetric", {}, False),
    ("cubic", "asymmetric", {}, False),
    ("nearest", "asymmetric", {"nearest_mode": "floor"}, True),
    ("nearest", "asymmetric", {"nearest_mode": "ceil"}, False),
]
for mode, coordinates, more, right in cases:
    error = max(apart(scale, mode=mode, coordinate_transformation_mode=coordinates, **more) for scale in (2, 1.5))
    print(f"{mode}, {coordinates} {more or ''}: off by {error:.2g}")
    assert (error < 1e-2) == right
PYTHON
