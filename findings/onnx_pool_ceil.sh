#!/usr/bin/env bash
# A max pool that rounds its size up: 2 x 2 in two readers, 3 x 3 in two others, and their new cells hold -3.4e38.
#
# Software: ONNX Runtime 1.32.0, OpenVINO 2026.4.1, OpenCV 5.0.0, onnx 1.23.2 (shape inference, ReferenceEvaluator)
# Expected: a last window that would begin in the right-hand padding is dropped, as in PyTorch; kernel 2, stride 3,
#           padding 1 on 5 x 5 is 2 x 2.
# Happens:  ONNX Runtime and onnx's reference drop it. OpenVINO and OpenCV keep it, and its maximum over nothing is the
#           smallest f32. onnx's shape inference keeps it up to opset 21 and drops it from 22 on.
#           An average pool that rounds up and counts padding divides its cut windows by what is left of them in ONNX
#           Runtime (as PyTorch), by the full 9 in OpenVINO and OpenCV: 17 and 8.75 are 11.33 and 3.89.
# Matters:  SqueezeNet, GoogLeNet and everything from Caffe round up. A global average behind such
#           a cell is -inf, a ReLU hides it. An exporter should compute the size itself, and write pads that make
#           rounding irrelevant.
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
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def pool(kind, x, size, opset, **attributes):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], ceil_mode=1, **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, *size])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    binary = model.SerializeToString()
    network = cv2.dnn.readNetFromONNX(np.frombuffer(binary, np.uint8))
    network.setInput(x)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(binary, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model, {
        "ONNX Runtime": onnxruntime.InferenceSession(binary).run(None, {"x": x})[0][0, 0],
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0][0, 0],
        "OpenVINO": compiled({"x": x})[0][0, 0],
        "OpenCV": network.forward()[0, 0],
    }


onnxruntime.set_default_logger_severity(3)
square = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
for opset, inferred in ((13, 3), (21, 3), (22, 2)):
    sizes = {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1]}
    model, readings = pool("MaxPool", square, ["h", "w"], opset, **sizes)
    guess = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
    print(f"MaxPool, opset {opset}: shape inference {guess} x {guess}; sizes and smallest values in", end=" ")
    print({reader: (*value.shape, float(value.min())) for reader, value in readings.items()})
    assert guess == inferred
    for reader, value in readings.items():
        kept = reader in ("OpenVINO", "OpenCV")
        assert value.shape == ((3, 3) if kept else (2, 2)) and (value.min() < -3e38) == kept
square = np.arange(36, dtype=np.float32).reshape(1, 1, 6, 6)
sizes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}
_, readings = pool("AveragePool", square, [4, 4], 19, **sizes)
print("AveragePool, last row:", {reader: value[3].round(2).tolist() for reader, value in readings.items()})
for reader, value in readings.items():
    row = [61 / 9, 96 / 9, 102 / 9, 35 / 9] if reader in ("OpenVINO", "OpenCV") else [61 / 6, 16, 17, 8.75]
    assert np.allclose(value[3], row)
PYTHON
