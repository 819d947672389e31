#!/usr/bin/env bash
# onnxscript's optimizer makes a ReLU that gives -1.
#
# Software: onnxscript 0.7.2 (`optimizer.optimize`, which PyTorch's ONNX exporter runs), ONNX Runtime 1.32.0
# Expected: two bounds in a row become one Clip only if that gives the same numbers.
# Happens:  Clip to -2..-1 and Relu give 0; onnxscript writes one Clip from 0 to -1, and a Clip whose bounds are crossed
#           gives its upper bound, by ONNX's definition: -1. Clip to -1..0 and Clip to 0.3..0.5 give 0.3; merged, 0. The
#           bounds are merged one by one, and ranges that do not meet are not looked at. The other order, Relu and Clip
#           to -2..-1, is right with the crossed bounds, as are Min and Max in any order.
# Matters:  such pairs come from generated and pruned networks and from clips that were made for quantization. The file
#           is valid and no warning is given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxscript import optimizer

x = np.array([-3, -1.5, -0.5, 0.2, 0.4, 3], np.float32)


def run(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": x})[0]


def bounds(place, low, high):
    return {f"low{place}": low, f"high{place}": high}


wrong = {}
for name, operators, values in (
    ("Clip(-2, -1), Relu", ("Clip", "Relu"), bounds(0, -2, -1)),
    ("Clip(-1, 0), Clip(0.3, 0.5)", ("Clip", "Clip"), bounds(0, -1, 0) | bounds(1, 0.3, 0.5)),
    ("Clip(-1, 1), Clip(-0.5, 2)", ("Clip", "Clip"), bounds(0, -1, 1) | bounds(1, -0.5, 2)),
    ("Clip(-1, 0.5), Relu", ("Clip", "Relu"), bounds(0, -1, 0.5)),
    ("Relu, Clip(-2, -1)", ("Relu", "Clip"), bounds(1, -2, -1)),
):
    nodes, source = [], "x"
    for place, operator in enumerate(operators):
        inputs = [source] + ([f"low{place}", f"high{place}"] if operator == "Clip" else [])
        source = "y" if place else "c"
        nodes.append(helper.make_node(operator, inputs, [source]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6])],
        [numpy_helper.from_array(np.array(value, np.float32), key) for key, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    before = run(model)
    smaller = optimizer.optimize(model)
    after = run(smaller)
    print(f"{name}: {before.tolist()} becomes {after.tolist()} by {[node.op_type for node in smaller.graph.node]}")
    wrong[name] = float(abs(before - after).max())
assert wrong["Clip(-2, -1), Relu"] == 1 and abs(wrong["Clip(-1, 0), Clip(0.3, 0.5)"] - 0.3) < 1e-6
assert sorted(wrong.values())[:3] == [0, 0, 0]
PYTHON
