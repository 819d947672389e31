#!/usr/bin/env bash
# Two Reshapes become one, and a zero in the second then copies another axis.
#
# Software: onnxoptimizer 0.4.2 (its default passes), run in ONNX Runtime 1.32.0
# Expected: Reshape to [4, -1] followed by Reshape to [0, 6, -1] makes 4 x 6 x 6 of 1 x 4 x 6 x 6, and so does whatever
#           the optimizer writes for the pair.
# Happens:  the first node is dropped and the second kept word by word. Its 0 means "as in the input", and its input is
#           now 1 x 4 x 6 x 6: the result is 1 x 6 x 24. With a batch of one and [0, -1] at the end, a batch that a
#           Reshape had split is put together again. onnxsim and onnxslim are right.
# Matters:  a zero is the usual way to keep the batch's axis, and channel shuffles reshape twice. An exporter that knows
#           the sizes should write them, and at most one -1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 onnxoptimizer==0.4.2 onnxsim==0.8.1 onnxslim==0.1.98 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnxoptimizer
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

x = np.arange(144, dtype=np.float32).reshape(1, 4, 6, 6)


def shape(model):
    return list(onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0].shape)


cases = ([4, -1], [0, 6, -1], [4, 6, 6], [1, 6, 24]), ([2, 72], [0, -1], [2, 72], [1, 144])
for first, second, right, wrong in cases:
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "a"], ["h"]), helper.make_node("Reshape", ["h", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [f"axis{axis}" for axis in range(len(right))])],
        [numpy_helper.from_array(np.array(to, np.int64), name) for name, to in (("a", first), ("b", second))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    optimized = shape(onnxoptimizer.optimize(model))
    print(f"1 x 4 x 6 x 6 to {first} to {second}: {shape(model)}, after onnxoptimizer {optimized}")
    assert shape(model) == shape(onnxsim.simplify(model)[0]) == shape(onnxslim.slim(model)) == right
    assert optimized == wrong
PYTHON
