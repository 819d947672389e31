#!/usr/bin/env bash
# onnxoptimizer folds a padding with zeros into a max pool, which pads with minus infinity.
#
# Software: onnxoptimizer 0.4.2 (its default passes), run in ONNX Runtime 1.32.0
# Expected: a Pad with 0 is folded into a convolution or an average pool, where zeros are what the pads mean, and left
#           in front of a MaxPool.
# Happens:  it is folded into the MaxPool too. The zeros were candidates for the maximum, the pool's own pads are not:
#           where everything in a window is negative the result was 0 and becomes negative. An average pool that leaves
#           its own padding out of the count takes the zeros in too, and counts both from then on: -1.25 becomes -0.56.
#           ONNX Runtime's own optimizer does neither.
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

x = np.full((1, 1, 2, 2), -5, np.float32)


def run(model):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0].ravel().tolist()


def padded(kind, size, **attributes):
    """The outputs of a Pad with zeros and a pool, before and after the optimizer, and the nodes that are left."""
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["x", "pads"], ["padded"]),
            helper.make_node(kind, ["padded"], ["y"], kernel_shape=[3, 3], **attributes),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, size, size])],
        [numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    optimized = onnxoptimizer.optimize(model)
    kinds = [node.op_type for node in optimized.graph.node]
    print(f"inputs -5, padded with 0, {kind} {attributes}: {run(model)[:4]}, optimized {run(optimized)[:4]} {kinds}")
    return run(model), run(optimized), kinds


assert padded("MaxPool", 2) == ([0] * 4, [-5] * 4, ["MaxPool"])
before, after, kinds = padded("AveragePool", 4, pads=[1, 1, 1, 1], count_include_pad=0)
assert kinds == ["AveragePool"] and np.isclose(before[0], -1.25) and np.isclose(after[0], -5 / 9)
PYTHON
