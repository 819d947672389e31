#!/usr/bin/env bash
# OpenCV 5 multiplies by a hard-sigmoid gate as if the gate were its own input.
#
# Software: OpenCV 5.0.0 (dnn), against ONNX Runtime 1.32.0
# Expected: Mul(HardSigmoid(g), x) is x times the gate of g, as squeeze-and-excitation means it.
# Happens:  the pair is taken for a HardSwish, which it is only where g is x. With a gate made by a global average pool
#           and a convolution, the result is off by more than the values themselves. HardSigmoid alone is right, x times
#           HardSigmoid(x) is, and so is the same gate written as Mul, Add and Clip.
# Matters:  MobileNetV3 and its relatives have such a gate in most blocks: the network runs, and its logits are wrong.
#           Write the gate out for OpenCV.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - 2> messages <<'PYTHON' || { cat messages; exit 1; }
import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
x = (3 * random.standard_normal((1, 4, 5, 5))).astype(np.float32)
constants = {
    "w": random.standard_normal((4, 4, 1, 1)),
    "sixth": np.array(1 / 6),
    "half": np.array(0.5),
    "zero": np.array(0.0),
    "one": np.array(1.0),
}
node = helper.make_node
squeeze = [node("GlobalAveragePool", ["x"], ["p"]), node("Conv", ["p", "w"], ["g"])]


def hard(source):
    return node("HardSigmoid", [source], ["h"], alpha=1 / 6, beta=0.5)


written_out = [
    node("Mul", ["g", "sixth"], ["a"]),
    node("Add", ["a", "half"], ["b"]),
    node("Clip", ["b", "zero", "one"], ["h"]),
]
errors = {}
for name, nodes in (
    ("Mul(HardSigmoid(g), x)", [*squeeze, hard("g"), node("Mul", ["h", "x"], ["y"])]),
    ("Mul(x, HardSigmoid(g))", [*squeeze, hard("g"), node("Mul", ["x", "h"], ["y"])]),
    ("the gate as Mul, Add, Clip", [*squeeze, *written_out, node("Mul", ["h", "x"], ["y"])]),
    ("Mul(HardSigmoid(x), x)", [hard("x"), node("Mul", ["h", "x"], ["y"])]),
    ("HardSigmoid(x)", [node("HardSigmoid", ["x"], ["y"], alpha=1 / 6, beta=0.5)]),
):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 5, 5])],
        [numpy_helper.from_array(value.astype(np.float32), key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10).SerializeToString()
    right = onnxruntime.InferenceSession(model).run(None, {"x": x})[0]
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    network.setInput(x)
    errors[name] = float(abs(network.forward() - right).max())
    print(f"{name}: OpenCV is off by {errors[name]:.2g} of {abs(right).max():.2f}")
assert errors["Mul(HardSigmoid(g), x)"] > 1 and errors["Mul(x, HardSigmoid(g))"] > 1
assert all(errors[name] < 1e-4 for name in ("the gate as Mul, Add, Clip", "Mul(HardSigmoid(x), x)", "HardSigmoid(x)"))
PYTHON
