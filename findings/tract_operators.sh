#!/usr/bin/env bash
# tract forgets Celu's factor, averages where GlobalLpPool adds, and cuts transposed convolutions at the other end.
#
# Software: tract 0.23.9 (its Python package), against ONNX Runtime 1.32.0
# Expected: operators that a reader knows are computed as ONNX defines them.
# Happens:  Celu with alpha 2 lacks the factor: -0.39 for -1 instead of -0.79. GlobalLpPool divides the sum of powers by
#           their number, so L2 of ones over 2 x 2 is 1, not 2. ConvTranspose with `output_shape` and no `auto_pad` has
#           to begin with the larger half of the surplus; tract takes all of it off the end. With `pads` instead of
#           `output_shape` the two agree, and so they do in most other operators.
# Matters:  a Rust program that embeds tract runs such a network shifted by a pixel. An exporter should write pads, and
#           Celu as other operators; opencv_conv_transpose_size.sh shows that `output_shape` is misread elsewhere too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper


def both(operator, x, weight=None, **attributes):
    names, weights = ["x"], []
    if weight is not None:
        names.append("w")
        weights.append(numpy_helper.from_array(weight, "w"))
    graph = helper.make_graph(
        [helper.make_node(operator, names, ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, "model.onnx")
    runnable = tract.onnx().load("model.onnx").into_model().into_runnable()
    theirs = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    return runnable.run([x])[0].to_numpy().squeeze().astype(float), theirs.squeeze().astype(float)


x = np.array([-1, -2, 3, 0.5], np.float32).reshape(1, 1, 1, 4)
ours, theirs = both("Celu", x, alpha=2.0)
print("Celu, alpha 2:", ours.round(2).tolist(), "ONNX Runtime", theirs.round(2).tolist())
assert np.allclose(theirs, np.where(x > 0, x, 2 * np.expm1(x / 2)), atol=1e-5)
assert np.allclose(ours, np.where(x > 0, x, np.expm1(x / 2)), atol=1e-5)
x = np.array([[1, 1, 1, 1], [1, 2, 3, 4]], np.float32).reshape(1, 2, 2, 2)
for p in (1, 2):
    ours, theirs = both("GlobalLpPool", x, p=p)
    print(f"GlobalLpPool, p {p}:", ours.round(2).tolist(), "ONNX Runtime", theirs.round(2).tolist())
    powers = (x**p).reshape(2, 4)
    assert np.allclose(theirs, powers.sum(1) ** (1 / p), atol=1e-5)
    assert np.allclose(ours, powers.mean(1) ** (1 / p), atol=1e-5)
x, weight = np.ones((1, 1, 2, 2), np.float32), np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
sizes = {"kernel_shape": [3, 3], "strides": [2, 2]}
full, _ = both("ConvTranspose", x, weight, **sizes)
ours, theirs = both("ConvTranspose", x, weight, output_shape=[4, 4], **sizes)
print("ConvTranspose to 4 x 4, first rows:", ours[0].tolist(), "ONNX Runtime", theirs[0].tolist())
assert np.array_equal(ours, full[:-1, :-1]) and np.array_equal(theirs, full[1:, 1:])
ours, theirs = both("ConvTranspose", x, weight, pads=[1, 1, 0, 0], **sizes)
assert np.array_equal(ours, full[1:, 1:]) and np.array_equal(ours, theirs)
PYTHON
