#!/usr/bin/env bash
# onnx's version converter changes the numbers of a linear Resize and of a Softmax, without a word.
#
# Software: onnx 1.23.2 (`onnx.version_converter`), run in ONNX Runtime 1.32.0
# Expected: a model computes the same in another opset, or the converter says that it cannot.
# Happens:  Resize of opset 10 is asymmetric (x_in = x_out / scale). Converted to 11 or later it gets no
#           `coordinate_transformation_mode`, so it takes opset 11's default, half_pixel: harmless for `nearest` at
#           scale 2, wrong for `linear`. In the other direction Softmax of opset 13 works along one axis; as opset 12
#           the same node is a softmax over that axis and all behind it.
# Matters:  whoever reaches an old reader or a new opset through the converter has to compare outputs: the checker and
#           the shapes are satisfied. An exporter does better to write the opset it needs at first hand.
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
from onnx import TensorProto, checker, helper, numpy_helper, version_converter


def model(node, opset, shape, out, **weights):
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def run(model, x):
    checker.check_model(model, full_check=True)
    return (
        onnxruntime.InferenceSession(model.SerializeToString())
        .run(None, {"x": x})[0]
        .ravel()
        .astype(float)
        .round(4)
        .tolist()
    )


ramp = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)
scales = np.array([1, 1, 1, 2], np.float32)
for mode, same in (("nearest", True), ("linear", False)):
    old = model(
        helper.make_node("Resize", ["x", "scales"], ["y"], mode=mode), 10, [1, 1, 1, 4], [1, 1, 1, 8], scales=scales
    )
    before, after = run(old, ramp), run(version_converter.convert_version(old, 13), ramp)
    print(f"Resize {mode}: opset 10 {before}, opset 13 {after}")
    assert (before == after) == same
assert before == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3] and after == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]

zeros = np.zeros((1, 2, 1, 3), np.float32)
new = model(helper.make_node("Softmax", ["x"], ["y"], axis=1), 13, [1, 2, 1, 3], [1, 2, 1, 3])
before, after = run(new, zeros), run(version_converter.convert_version(new, 12), zeros)
print(f"Softmax over 2 channels of a 1x3 map: opset 13 {before}, opset 12 {after}")
assert before == [0.5] * 6 and after == [0.1667] * 6
PYTHON
