#!/usr/bin/env bash
# MNN's converter pads `SAME_LOWER` at the end, and never counts padding behind the image.
#
# Software: MNN 3.6.1 (`mnnconvert` and its Python package), against ONNX Runtime 1.32.0
# Expected: what the converter accepts computes what the ONNX file says.
# Happens:  `SAME_LOWER` is read as `SAME_UPPER`, in convolutions and pools. An average pool with `count_include_pad=1`
#           counts padding before the image but not behind it, so pads [0, 0, 1, 1] and `SAME_UPPER` leave ones as they
#           are where ONNX makes 0.67 and 0.44. A nearest Resize with `ceil` or `round_prefer_ceil` rounds down, a PRelu
#           slope [W] goes along the channels if there are as many, and Shrink makes zeros of all negative values.
# Matters:  the converter ends with success and the shapes are right, so only numbers tell. An exporter for phones
#           should write explicit pads, symmetric where it can, slopes as [C, 1, 1] and no rounding but floor; whoever
#           ships the result should compare a few outputs on the way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os
import subprocess

import MNN.expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def both(operator, x, constants=(), opset=17, **attributes):
    inputs, weights = ["x"], []
    for index, constant in enumerate(constants):
        inputs.append("" if constant is None else f"c{index}")
        if constant is not None:
            weights.append(numpy_helper.from_array(constant, f"c{index}"))
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    if os.path.exists("model.mnn"):
        os.remove("model.mnn")
    command = ["venv/bin/mnnconvert", "-f", "ONNX", "--modelFile", "model.onnx", "--MNNModel", "model.mnn"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    network = MNN.nn.load_module_from_file("model.mnn", ["x"], ["y"])
    output = network.forward([MNN.expr.const(x, list(x.shape), MNN.expr.NCHW)])[0]
    ours = np.array(MNN.expr.convert(output, MNN.expr.NCHW).read()).squeeze()
    theirs = onnxruntime.InferenceSession("model.onnx").run(None, {"x": x})[0].squeeze()
    return ours.astype(float), theirs.astype(float)


def show(case, ours, theirs, expected):
    print(f"{case}: MNN {ours.round(2).tolist()}, ONNX Runtime {theirs.round(2).tolist()}")
    assert np.allclose(ours, expected, atol=1e-5) and not np.allclose(ours, theirs, atol=1e-3)


square, window = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4), {"kernel_shape": [3, 3], "strides": [2, 2]}
ones, kernel = np.ones_like(square), np.ones((1, 1, 3, 3), np.float32)
for operator, constants in (("MaxPool", ()), ("Conv", (kernel,))):
    _, upper = both(operator, square, constants, auto_pad="SAME_UPPER", **window)
    show(f"{operator}, SAME_LOWER", *both(operator, square, constants, auto_pad="SAME_LOWER", **window), upper)
for pads in ({"auto_pad": "SAME_UPPER"}, {"pads": [0, 0, 1, 1]}):
    show(f"AveragePool, {pads}", *both("AveragePool", ones, count_include_pad=1, **pads, **window), np.ones((2, 2)))
ours, theirs = both("AveragePool", ones, count_include_pad=1, pads=[1, 1, 0, 0], **window)
assert np.allclose(ours, theirs) and np.allclose(ours[0], [4 / 9, 6 / 9])
row, scales = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4), np.array([1, 1, 1, 2], np.float32)
for rounding in ("ceil", "round_prefer_ceil"):
    options = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": rounding, "mode": "nearest"}
    show(f"Resize, {rounding}", *both("Resize", row, (None, scales), **options), [0, 0, 1, 1, 2, 2, 3, 3])
below = -np.ones((1, 2, 1, 2), np.float32)
show("PRelu, slope [W]", *both("PRelu", below, (np.array([1, 2], np.float32),)), [[-1, -1], [-2, -2]])
row = np.array([-2, -1, 0.2, 3], np.float32).reshape(1, 1, 1, 4)
show("Shrink", *both("Shrink", row, lambd=0.5, bias=0.25), [0, 0, 0, 2.75])
PYTHON
