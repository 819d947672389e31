#!/usr/bin/env bash
# A transposed convolution told its output size: OpenCV makes other sizes, and onnx's reference refuses.
#
# Software: OpenCV 5.0.0 (dnn), onnx 1.23.2 (ReferenceEvaluator), against ONNX Runtime 1.32.0 and OpenVINO 2026.4.1
# Expected: 2x2 with stride 2 and kernel 3 becomes 4x4 under `auto_pad=SAME_UPPER` and under `output_shape=[4, 4]`.
# Happens:  ONNX Runtime and OpenVINO: 4x4 both times. OpenCV: 3x3 and 6x6. The reference: 4x4 and an error.
# Matters:  decoders double their maps this way, and the skip connection behind needs the exact size. `pads` with
#           `output_padding` is the one form all four read alike (the last row below).
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

x = np.ones((1, 1, 2, 2), np.float32)
kernel = numpy_helper.from_array(np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3), "w")


def opencv(model):
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    return network.forward()


def vino(model):
    core = openvino.Core()
    return core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )([x])[0]


readers = {
    "ONNX Runtime": lambda model: onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0],
    "OpenVINO": vino,
    "reference": lambda model: ReferenceEvaluator(model).run(None, {"x": x})[0],
    "OpenCV": opencv,
}
forms = {
    "auto_pad": ({"auto_pad": "SAME_UPPER"}, [4, 4, 4, 3]),
    "output_shape": ({"output_shape": [4, 4]}, [4, 4, None, 6]),
    "pads": ({"pads": [0, 0, 1, 1]}, [4, 4, 4, 4]),
    "output_padding": ({"pads": [1, 1, 1, 1], "output_padding": [1, 1]}, [4, 4, 4, 4]),
}
for form, (attributes, expected) in forms.items():
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    sizes, outputs = [], []
    for read in readers.values():
        try:
            outputs.append(read(model))
            sizes.append(outputs[-1].shape[-1])
        except Exception:
            sizes.append(None)
    print(f"{form:14}", dict(zip(readers, sizes)))
    assert sizes == expected, sizes
    assert len(set(sizes)) > 1 or all(np.allclose(outputs[0], y) for y in outputs)
PYTHON
