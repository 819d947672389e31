#!/usr/bin/env bash
# A dilated layer with `SAME_UPPER`: ONNX Runtime refuses the convolution, and makes the max pool two pixels too small.
#
# Software: ONNX Runtime 1.32.0, against OpenVINO 2026.4.1 and onnx 1.23.2 (ReferenceEvaluator)
# Expected: stride 1 with `auto_pad=SAME_UPPER` keeps 8 x 8, dilation or no dilation.
# Happens:  OpenVINO and the reference keep it. ONNX Runtime loads the Conv and refuses to run it ("Dilation not
#           supported"). Its MaxPool computes the padding as if the kernel were not dilated: 6 x 6. Its ConvTranspose is
#           right.
# Matters:  DeepLab and other networks with atrous convolutions come from TensorFlow with SAME. The file is valid,
#           passes every check and fails on the first image. Exporters should write `pads`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
x = np.ones((1, 2, 8, 8), np.float32)


def readings(kind, dilation):
    weights = ["w"] if kind == "Conv" else []
    attributes = {"auto_pad": "SAME_UPPER", "kernel_shape": [3, 3], "dilations": [dilation] * 2}
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *weights], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, "h", "w"])],
        [numpy_helper.from_array(np.ones((2, 2, 3, 3), np.float32), name) for name in weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString(), b""), "CPU")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    try:
        runtime = session.run(None, {"x": x})[0].shape[2:]
    except Exception as error:
        runtime = str(error).split("Status Message: ")[-1]
    return runtime, compiled({"x": x})[0].shape[2:], ReferenceEvaluator(model).run(None, {"x": x})[0].shape[2:]


for kind in ("Conv", "MaxPool"):
    for dilation in (1, 2):
        runtime, openvino_size, reference = readings(kind, dilation)
        print(f"{kind}, dilation {dilation}: ONNX Runtime {runtime}, OpenVINO {openvino_size}, reference {reference}")
        assert openvino_size == reference == (8, 8)
        if dilation == 1:
            assert runtime == (8, 8)
        elif kind == "Conv":
            assert "Dilation not supported" in runtime
        else:
            assert runtime == (6, 6)
PYTHON
