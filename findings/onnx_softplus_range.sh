#!/usr/bin/env bash
# Softplus of 100 is infinite in OpenCV, and sigmoid of -30 is exactly 0 in ONNX Runtime.
#
# Software: OpenCV 5.0.0 (dnn), ONNX Runtime 1.32.0, OpenVINO 2026.4.1, onnx 1.23.2 (ReferenceEvaluator)
# Expected: softplus(100) = 100 and softplus(-30) = sigmoid(-30) = 9.4e-14 to f32's precision, as in PyTorch.
# Happens:  OpenCV computes log(1 + exp(x)) as it stands: infinity from 89 on. OpenVINO's softplus of -30 and ONNX
#           Runtime's sigmoid of -30 are exactly 0.
# Matters:  infinity in a middle layer becomes NaN two layers on, on inputs that no test image shows. And a log behind
#           a sigmoid (a loss, a calibrated probability) is -inf in one runtime and -30 in the next: export logits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.array([[-30, 30, 100]], np.float32)


def readings(kind):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return {
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0][0],
        "OpenCV": network.forward()[0],
        "OpenVINO": compiled([x])[0][0],
        "ONNX Runtime": onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0][0],
    }


softplus, sigmoid = readings("Softplus"), readings("Sigmoid")
for name in softplus:
    print(f"{name:13} softplus of -30, 30, 100: {softplus[name].tolist()}; sigmoid: {sigmoid[name].tolist()}")
assert softplus["reference"][2] == softplus["ONNX Runtime"][2] == softplus["OpenVINO"][2] == 100 and np.isinf(
    softplus["OpenCV"][2]
)
assert softplus["OpenVINO"][0] == 0 and 9e-14 < softplus["ONNX Runtime"][0] < 1e-13
assert sigmoid["ONNX Runtime"][0] == 0 and 9e-14 < sigmoid["OpenVINO"][0] < 1e-13
PYTHON
