#!/usr/bin/env bash
# A softmax over channels of opset 11: ONNX Runtime alone computes what opset 11 says.
#
# Software: ONNX Runtime 1.32.0, onnx 1.23.2 (ReferenceEvaluator), OpenVINO 2026.4.1, OpenCV 5.0.0
# Expected: up to opset 12, `axis=1` flattens from axis 1 on: one distribution over C*H*W; from 13 on one for each
#           place.
# Happens:  the reference, OpenVINO and OpenCV compute the new meaning for the old opset as soon as there is a map
#           behind the axis. Without `axis` in opset 11 the default is 1; the reference takes the last axis.
# Matters:  segmentation heads. A file of opset 11 or 12 with a softmax over a map has no meaning that readers share:
#           write opset 13, or Transpose, Softmax over the last axis, Transpose, which is the same in both.
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

x = np.zeros((1, 2, 2, 3), np.float32)


def vino(model):
    core = openvino.Core()
    return core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )([x])[0]


def opencv(model):
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    return network.forward()


readers = {
    "ONNX Runtime": lambda model: onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0],
    "reference": lambda model: ReferenceEvaluator(model).run(None, {"x": x})[0],
    "OpenVINO": vino,
    "OpenCV": opencv,
}
expected = {"opset 11, axis=1": [12, 2, 2, 2], "opset 11": [12, 3, 2, 2], "opset 13, axis=1": [2, 2, 2, 2]}
for case, opset, attributes in (
    ("opset 11, axis=1", 11, {"axis": 1}),
    ("opset 11", 11, {}),
    ("opset 13, axis=1", 13, {"axis": 1}),
):
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(x.shape))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    members = [round(1 / float(read(model)[0, 0, 0, 0])) for read in readers.values()]
    print(f"{case}, zeros of 1x2x2x3: values that share one sum:", dict(zip(readers, members)))
    assert members == expected[case], members
PYTHON
