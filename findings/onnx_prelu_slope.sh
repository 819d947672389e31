#!/usr/bin/env bash
# One slope a channel, written as [C]: four readers of ONNX, two networks.
#
# Software: ONNX Runtime 1.32.0, onnx's ReferenceEvaluator 1.23.2, OpenVINO 2026.4.1, OpenCV 5.0.0
# Expected: PRelu's slope broadcasts like any second operand, so [C] runs along the width: an error where width and C
#           differ.
# Happens:  OpenVINO and OpenCV take [C] as one slope a channel. So does onnx's reference where C is not the width;
#           where it is, the reference and ONNX Runtime go along the width. ONNX Runtime alone refuses the other case.
# Matters:  a PReLU exported with PyTorch's own [C] slope works in half of the world, and in the other half fails at
#           run time, or silently mixes width and channels on maps that happen to be C wide. Write [C, 1, 1].
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def model(slope, width):
    shape = [1, 3, 2, width]
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(slope, "slope")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)


def runtime(model, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]


def vino(model, x):
    core = openvino.Core()
    return core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )([x])[0]


def opencv(model, x):
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    return network.forward()


readers = {
    "ONNX Runtime": runtime,
    "reference": lambda model, x: ReferenceEvaluator(model).run(None, {"x": x})[0],
    "OpenVINO": vino,
    "OpenCV": opencv,
}
slope = np.array([0.1, 0.2, 0.3], np.float32)
expected = {
    "ONNX Runtime": ("width", "error", "channel"),
    "reference": ("width", "channel", "channel"),
    "OpenVINO": ("channel", "channel", "channel"),
    "OpenCV": ("channel", "channel", "channel"),
}
for name, read in readers.items():
    seen = []
    for written, width in ((slope, 3), (slope, 4), (slope.reshape(3, 1, 1), 4)):
        try:
            y = -read(model(written, width), np.full((1, 3, 2, width), -1, np.float32))
            seen.append(
                "channel"
                if np.allclose(y[0, :, 0, 0], slope)
                else "width" if np.allclose(y[0, 0, 0], slope) else "other"
            )
        except Exception:
            seen.append("error")
    print(f"{name:13} [3] on a map 3 wide: {seen[0]:8} 4 wide: {seen[1]:8} [3, 1, 1] on 4 wide: {seen[2]}")
    assert tuple(seen) == expected[name], seen
PYTHON
