#!/usr/bin/env bash
# onnx's own reference normalises as many channels as the batch has examples.
#
# Software: onnx 1.23.2 (`onnx.reference.ReferenceEvaluator`), against ONNX Runtime 1.32.0 and the formulas
# Expected: the evaluator that comes with the standard computes the standard.
# Happens:  LRN: only the first N channels of N x C x H x W get their sum of squares, the others are divided by
#           bias^beta. LpNormalization with p = 1 divides by the sum, not by the sum of absolute values, so [1, -2]
#           becomes [-1, 2]. LpPool with `ceil_mode` scales the last window up to a full one: 3 for sqrt(6). Grouped
#           ConvTranspose and negative pads end in errors of NumPy.
# Matters:  it is the usual oracle for a new exporter, and with a batch of one it finds AlexNet's file wrong. Take a
#           second opinion from a runtime, and a third from the formula.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def both(kind, x, **attributes):
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [f"axis{axis}" for axis in range(x.ndim)])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return ReferenceEvaluator(model).run(None, {"x": x})[0], session.run(None, {"x": x})[0]


for examples in (1, 2, 4):
    x = np.full((examples, 4, 1, 1), 2, np.float32)
    reference, runtime = both("LRN", x, size=1, alpha=1.0, beta=1.0, bias=2.0)
    print(f"LRN, {examples} x 4 channels of 2: reference {reference[0].ravel()}, ONNX Runtime {runtime[0].ravel()}")
    assert np.allclose(runtime, 2 / (2 + 4))
    assert np.allclose(reference[0].ravel(), np.where(np.arange(4) < examples, 2 / (2 + 4), 2 / 2))
reference, runtime = both("LpNormalization", np.array([[1, -2]], np.float32), axis=1, p=1)
print(f"LpNormalization of [1, -2] with p = 1: reference {reference[0]}, ONNX Runtime {runtime[0]}")
assert np.allclose(reference, [[-1, 2]]) and np.allclose(runtime, [[1 / 3, -2 / 3]])
ones = np.ones((1, 1, 4, 4), np.float32)
reference, runtime = both("LpPool", ones, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, p=2)
print(f"LpPool of ones, rounding up: reference {reference.ravel()}, ONNX Runtime {runtime.ravel()}")
assert np.allclose(reference.ravel(), 3) and np.allclose(runtime.ravel(), np.sqrt([9, 6, 6, 4]))
PYTHON
