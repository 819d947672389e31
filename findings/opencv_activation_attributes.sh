#!/usr/bin/env bash
# OpenCV reads Gelu and Swish, but not what they say about themselves.
#
# Software: OpenCV 5.0.0 (dnn), against ONNX Runtime 1.32.0
# Expected: `Gelu(approximate="tanh")` is the approximation and `Swish(alpha=2)` is x * sigmoid(2 x), or they are
#           refused.
# Happens:  OpenCV computes the exact Gelu and alpha = 1 without a word, while it heeds the attributes of Elu and
#           HardSigmoid. Swish is 0.15 off at 1, Gelu 1.5e-4.
# Matters:  a network of many such layers drifts off with no error. An exporter that aims at OpenCV writes Sigmoid,
#           Mul and Tanh.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

x = np.array([[-2, -1, 0.5, 1]], np.float32)


def readings(kind, opset, **attributes):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0], network.forward()


cases = {
    "Elu": (17, {"alpha": 0.3}, True),
    "HardSigmoid": (17, {"alpha": 0.1, "beta": 0.3}, True),
    "Gelu": (20, {"approximate": "tanh"}, False),
    "Swish": (24, {"alpha": 2.0}, False),
}
for kind, (opset, attributes, heeded) in cases.items():
    runtime, opencv = readings(kind, opset, **attributes)
    print(f"{kind} {attributes}: ONNX Runtime {runtime.round(4).tolist()[0]}, OpenCV {opencv.round(4).tolist()[0]}")
    assert np.allclose(runtime, opencv, atol=2e-5) == heeded
    if not heeded:
        plain, _ = readings(kind, opset)
        assert np.allclose(plain, opencv, atol=1e-5)
PYTHON
