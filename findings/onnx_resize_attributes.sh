#!/usr/bin/env bash
# OpenVINO reads a Resize with `antialias`, `exclude_outside` or an aspect-ratio policy and leaves them out.
#
# Software: OpenVINO 2026.4.1, against ONNX Runtime 1.32.0
# Expected: an attribute that a reader does not know is an error, as other Resize attributes are in OpenVINO
#           (`half_pixel_symmetric` is refused).
# Happens:  they are ignored in silence. A ramp 0..40 shrunk by 0.6 with antialiasing begins at 3.75 in ONNX Runtime
#           and at 3.33 in OpenVINO, which is the value without; with `cubic` and `exclude_outside=1` 2.33 and 2.59.
#           5 x 4 pixels brought to 10 x 10 with `keep_aspect_ratio_policy` "not_larger" are 10 x 8 in ONNX Runtime,
#           10 x 10 in OpenVINO.
# Matters:  preprocessing inside the graph (torchvision's resize is antialiased) gives other pixels, the more so the
#           stronger it shrinks. For shrinking, an exporter is safer with an explicit convolution or with the resize
#           left outside.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

x = np.tile(np.arange(5, dtype=np.float32) * 10, (5, 1))[None, None]
scales = numpy_helper.from_array(np.array([1, 1, 1, 0.6], np.float32), "scales")
sizes = numpy_helper.from_array(np.array([10, 10], np.int64), "sizes")


def outputs(x, inputs, to, **attributes):
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", *inputs], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])],
        [to],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    return runtime, compiled([x])[0]


def readings(**attributes):
    return [y[0, 0, 0].astype(float).round(2).tolist() for y in outputs(x, ["", "scales"], scales, **attributes)]


for mode, attribute in (("linear", "antialias"), ("cubic", "antialias"), ("cubic", "exclude_outside")):
    without, given = readings(mode=mode), readings(mode=mode, **{attribute: 1})
    print(
        f"{mode}, {attribute}=0: ONNX Runtime {without[0]}, OpenVINO {without[1]}; {attribute}=1: {given[0]}, {given[1]}"
    )
    assert without[0] == without[1] == given[1] != given[0]
for policy, width in (("stretch", 10), ("not_larger", 8)):
    read = outputs(x[..., :4], ["", "", "sizes"], sizes, axes=[2, 3], keep_aspect_ratio_policy=policy)
    print(f"5 x 4 to 10 x 10, {policy}: ONNX Runtime {read[0].shape[2:]}, OpenVINO {read[1].shape[2:]}")
    assert read[0].shape[2:] == (10, width) and read[1].shape[2:] == (10, 10)
PYTHON
