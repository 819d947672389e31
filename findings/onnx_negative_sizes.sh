#!/usr/bin/env bash
# A negative size in an ONNX file: four readings of one number.
#
# Software: onnx 1.23.2, ONNX Runtime 1.32.0, OpenVINO 2026.4.1, tract 0.23.9
# Expected: a size that is open has a name (`dim_param`) or nothing; a `dim_value` of −1 is no size, which the checker
#           refuses.
# Happens:  the checker accepts −1 and −7 alike, also in full, and shape inference hands them on. ONNX Runtime takes any
#           negative number for an open size. OpenVINO takes −1 for one, and −7 for the size 0, so that every image is
#           refused. tract takes neither and asks for the shape, which it does not need where the size has a name.
# Matters:  Paddle's converter writes −1 for what is open, and its models run in ONNX Runtime, where they were tried.
#           Whoever reads `dim_value` has to take what is below 1 for open.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 \
    openvino==2026.4.1 tract==0.23.9 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
import tract
from onnx import TensorProto, helper

onnxruntime.set_default_logger_severity(4)
x = np.ones((2, 3, 6, 5), np.float32)


def outcome(run):
    try:
        return str(run())
    except Exception as error:
        return f"refused ({type(error).__name__})"


def in_openvino():
    model = openvino.Core().read_model("model.onnx")
    shape = str(model.input().partial_shape)
    return f"{shape}, {outcome(lambda: openvino.Core().compile_model(model, 'CPU')(x)[0].shape)}"


found = {}
for size in ("n", -1, -7):
    port = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, 3, 6, 5])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "graph", [port("x")], [port("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx")
    found[size] = [
        outcome(lambda: onnx.checker.check_model(model, full_check=True)),
        f"{session.get_inputs()[0].shape[0]}, {session.run(None, {'x': x})[0].shape}",
        in_openvino(),
        outcome(lambda: tract.onnx().load("model.onnx").into_model().into_runnable().run([x])[0].to_numpy().shape),
    ]
    print(size, *found[size], sep="\n    ")

whole = "(2, 3, 6, 5)"
assert found["n"] == ["None", f"n, {whole}", f"[?,3,6,5], {whole}", whole]
assert found[-1][:3] == ["None", f"None, {whole}", f"[?,3,6,5], {whole}"] and found[-1][3].startswith("refused")
assert found[-7][:2] == ["None", f"None, {whole}"] and found[-7][2].startswith("[0,3,6,5], refused")
assert found[-7][3].startswith("refused")
PYTHON
