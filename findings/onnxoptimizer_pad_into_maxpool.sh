#!/usr/bin/env bash
# onnxoptimizer folds a padding with zeros into a max pool, which pads with minus infinity.
#
# Software: onnxoptimizer 0.4.2 (its default passes), run in ONNX Runtime 1.32.0
# Expected: a Pad with 0 is folded into a convolution or an average pool, where zeros are what the pads mean, and left
#           in front of a MaxPool.
# Happens:  it is folded into the MaxPool too. The zeros were candidates for the maximum, the pool's own pads are not:
#           where everything in a window is negative the result was 0 and becomes negative. ONNX Runtime's own
#           optimizer does not.
# Matters:  TensorFlow-style ResNets pad by hand in front of the stem's pool. Behind a ReLU nothing shows; behind a
#           batch norm or a leaky ReLU the border changes. An exporter should use the pool's own pads where it means
#           them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxoptimizer==0.4.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

pads = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
nodes = [
    helper.make_node("Pad", ["x", "pads"], ["padded"]),
    helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[3, 3]),
]
graph = helper.make_graph(
    nodes,
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 2, 2])],
    [pads],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
optimized = onnxoptimizer.optimize(model)
x = np.full((1, 1, 2, 2), -5, np.float32)


def run(model):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0].ravel().tolist()


print("all inputs -5, padded with 0, largest of 3x3:", run(model))
print(
    "optimized:",
    run(optimized),
    [node.op_type for node in optimized.graph.node],
    helper.printable_node(optimized.graph.node[0]),
)
assert run(model) == [0] * 4
assert run(optimized) == [-5] * 4 and [node.op_type for node in optimized.graph.node] == ["MaxPool"]
PYTHON
