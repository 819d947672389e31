#!/usr/bin/env bash
# onnxslim folds a scale along the width into the channels of a convolution, if the two are equal in number.
#
# Software: onnxslim 0.1.98 (its default passes), run in ONNX Runtime 1.32.0
# Expected: a Mul behind a Conv is folded into the weights if it has one factor a channel ([C, 1, 1]), and left alone
#           otherwise.
# Happens:  it is the number of factors that is looked at, not their shape: [4], [1, 1, 4] (along the width) and [4, 1]
#           (along the height) are folded like [4, 1, 1] where the convolution has 4 channels, ConvTranspose alike. An
#           Add of these shapes is left alone. onnxsim and ONNX Runtime's own optimizer are right.
# Matters:  masks along an axis, coordinates and windows multiply maps this way, and small decoders have maps as wide as
#           they are deep. The shapes fit and no warning is given. Compare outputs after each simplifier, on a network
#           whose height, width and channels differ, and on one where they do not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 onnxslim==0.1.98 onnxsim==0.8.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
x = random.standard_normal((1, 3, 6, 6)).astype(np.float32)
weight = random.standard_normal((4, 3, 3, 3)).astype(np.float32)


def run(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]


folded = {}
for kind in ("Mul", "Add"):
    for shape in ((4, 1, 1), (4,), (1, 1, 4), (4, 1)):
        graph = helper.make_graph(
            [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node(kind, ["c", "f"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 4, 4])],
            [
                numpy_helper.from_array(weight, "w"),
                numpy_helper.from_array(np.arange(1, 5, dtype=np.float32).reshape(shape), "f"),
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        slim = onnxslim.slim(model)
        nodes = [node.op_type for node in slim.graph.node]
        error = float(abs(run(slim) - run(model)).max())
        print(f"Conv, {kind} {list(shape)}: onnxslim makes {nodes}, off by {error:.1e}")
        folded[kind, shape] = nodes == ["Conv"], error < 1e-4
        assert abs(run(onnxsim.simplify(model)[0]) - run(model)).max() < 1e-4
assert folded["Mul", (4, 1, 1)] == (True, True)
assert all(folded["Mul", shape] == (True, False) for shape in ((4,), (1, 1, 4), (4, 1)))
assert all(folded["Add", shape][1] for shape in ((4, 1, 1), (4,), (1, 1, 4), (4, 1)))
PYTHON
