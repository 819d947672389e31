#!/usr/bin/env bash
# The usual ONNX float16 converter cuts weights at 10,000 and lifts small ones to 1e-7.
#
# Software: onnxconverter-common 1.16.0, `float16.convert_float_to_float16` as it comes
# Expected: each weight becomes the nearest half: up to 65,504, and down to 6e-8 before it is 0.
# Happens:  anything above 10,000 becomes 10,000, anything between 0 and 1e-7 becomes 1e-7 (with its sign); exact
#           zeros stay. `max_finite_val` and `min_positive_val` are the switches; a Python warning is all that is
#           said.
# Matters:  running variances of unnormalised inputs, or a folded scale, lie above 10,000 in ordinary networks: a
#           variance of 20,000 becomes half of it and that channel is 1.4 times too large. An f16 exporter has to
#           choose its own rule.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxconverter-common==1.16.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16

values = np.array([20000, -60000, 3e-8, 0, 1e-9, -1e-9], np.float32)
graph = helper.make_graph(
    [helper.make_node("Mul", ["x", "w"], ["y"])],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [6])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6])],
    [numpy_helper.from_array(values, "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
half = numpy_helper.to_array(float16.convert_float_to_float16(model).graph.initializer[0])
print("f32     ", values.tolist())
print("numpy   ", values.astype(np.float16).tolist())
print("written ", half.tolist())
small = float(np.float16(1e-7))
assert half.tolist() == [10000, -10000, small, 0, small, -small], half
PYTHON
