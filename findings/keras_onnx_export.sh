#!/usr/bin/env bash
# Keras' export to ONNX returns as if all were well, and the file holds TensorFlow's operators, or asks for constants.
#
# Software: Keras 3.15.1 `Model.export(format="onnx")` (backend TensorFlow 2.21.0, with tf2onnx 1.17.0), onnx 1.23.2,
#           ONNX Runtime 1.32.0
# Expected: what cannot be expressed in ONNX is an error; grouped convolutions and GELU can.
# Happens:  the call returns None for each of these. A grouped convolution, depthwise by `groups=` included, becomes a
#           node "StatefulPartitionedCall", GELU becomes "Erfc", CELU "Expm1", all in ONNX's own domain, where there is
#           no such operator: no reader takes the file. The mean and variance that a `Normalization` was given become
#           inputs without a value. `Resizing(interpolation="area")` becomes a Resize by nearest neighbours, which runs
#           and gives other pixels. An error is only logged for the unknown operators. DepthwiseConv2D, the tanh form of
#           GELU and ELU are right.
# Matters:  "it exported" says nothing: ResNeXt, ConvNeXt and vision transformers export this way. Load the file and
#           compare numbers. The torch backend goes another way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0 \
    tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore - 2> messages <<'PYTHON' || { cat messages; exit 1; }
import keras
import numpy as np
import onnx
import onnxruntime

layers = keras.layers
x = np.random.default_rng(0).standard_normal((1, 9, 12, 4)).astype(np.float32)
known = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}


def export(layer):
    source = keras.Input((9, 12, 4), batch_size=1)
    model = keras.Model(source, layer(source))
    expected = np.asarray(model(x))
    returned = model.export("model.onnx", format="onnx", verbose=False)
    graph = onnx.load("model.onnx").graph
    unknown = sorted({node.op_type for node in graph.node} - known)
    try:
        found = onnxruntime.InferenceSession("model.onnx").run(None, {graph.input[0].name: x})[0]
        result = float(abs(found - expected).max())
    except Exception as error:
        result = type(error).__name__
    return returned, unknown, len(graph.input), result


seen = {}
for name, layer in (
    ("Conv2D(8, 3, groups=2)", layers.Conv2D(8, 3, groups=2)),
    ("Conv2D(4, 3, groups=4)", layers.Conv2D(4, 3, groups=4)),
    ("Activation('gelu')", layers.Activation("gelu")),
    ("Activation('celu')", layers.Activation("celu")),
    ("Normalization(mean, variance)", layers.Normalization(mean=[1, 2, 3, 4], variance=[4, 5, 6, 7])),
    ("Resizing(3, 4, 'area')", layers.Resizing(3, 4, interpolation="area")),
    ("DepthwiseConv2D(3)", layers.DepthwiseConv2D(3)),
    ("gelu(approximate=True)", layers.Activation(lambda value: keras.ops.gelu(value, approximate=True))),
    ("Activation('elu')", layers.Activation("elu")),
):
    returned, unknown, inputs, result = seen[name] = export(layer)
    print(f"{name}: returns {returned}, unknown operators {unknown}, {inputs} input(s), in ONNX Runtime: {result}")
    assert returned is None
for name, operator in (
    ("Conv2D(8, 3, groups=2)", "StatefulPartitionedCall"),
    ("Conv2D(4, 3, groups=4)", "StatefulPartitionedCall"),
    ("Activation('gelu')", "Erfc"),
    ("Activation('celu')", "Expm1"),
):
    assert seen[name][1] == [operator] and seen[name][3] == "InvalidGraph"
assert seen["Normalization(mean, variance)"][1:3] == ([], 3)
assert seen["Resizing(3, 4, 'area')"][1] == [] and seen["Resizing(3, 4, 'area')"][3] > 1
for name in ("DepthwiseConv2D(3)", "gelu(approximate=True)", "Activation('elu')"):
    assert seen[name][1] == [] and seen[name][3] < 1e-4
PYTHON
