#!/usr/bin/env bash
# OpenCV 5 puts the odd row of `SAME_UPPER` on the wrong side; onnx's reference does so for `SAME_LOWER`.
#
# Software: OpenCV 5.0.0 (dnn), onnx 1.23.2 (ReferenceEvaluator), against ONNX Runtime 1.32.0
# Expected: of an odd number of padded rows, SAME_UPPER has the extra one at the end, SAME_LOWER at the beginning.
# Happens:  OpenCV puts (kernel - 1) / 2 rows in front, whatever the attribute and the stride, for convolutions, max
#           pools and average pools: with 3x3, stride 2 and an even size (a stem) both are SAME_LOWER, with 2x2 and
#           stride 1 both are SAME_UPPER. onnx's reference has both right for Conv and AveragePool, and reads both as
#           SAME_UPPER for that 3x3 MaxPool.
# Matters:  networks that come from TensorFlow carry SAME_UPPER. The shapes agree, the features are moved by one
#           pixel, and accuracy sinks a little. Exporters should write `pads`; importers should test both sides on an
#           even size.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def readings(kind, auto_pad, kernel, stride):
    mean = np.full((1, 1, kernel, kernel), kernel**-2, np.float32)
    weights = [numpy_helper.from_array(mean, "w")] if kind == "Conv" else []
    sizes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2}
    node = helper.make_node(kind, ["x"] + [w.name for w in weights], ["y"], auto_pad=auto_pad, **sizes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4 // stride, 4 // stride])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    network.setInput(x)
    return {
        "ONNX Runtime": onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0],
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0],
        "OpenCV": network.forward(),
    }


for kernel, stride in ((3, 2), (2, 1)):
    for kind in ("Conv", "MaxPool", "AveragePool"):
        upper, lower = readings(kind, "SAME_UPPER", kernel, stride), readings(kind, "SAME_LOWER", kernel, stride)
        for auto_pad, read in (("SAME_UPPER", upper), ("SAME_LOWER", lower)):
            begins = {name: y.ravel()[:4].astype(float).round(2).tolist() for name, y in read.items()}
            print(f"{kind:11} {kernel}x{kernel}, stride {stride}, {auto_pad}: {begins}")
        right = {"upper": upper["ONNX Runtime"], "lower": lower["ONNX Runtime"]}
        assert not np.allclose(right["upper"], right["lower"])
        taken = right["lower" if kernel == 3 else "upper"]
        assert np.allclose(upper["OpenCV"], taken) and np.allclose(lower["OpenCV"], taken)
        assert np.allclose(upper["reference"], right["upper"])
        assert np.allclose(lower["reference"], right["upper" if kind == "MaxPool" and kernel == 3 else "lower"])
PYTHON
