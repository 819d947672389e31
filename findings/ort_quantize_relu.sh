#!/usr/bin/env bash
# ONNX Runtime's quantizer drops a ReLU whose input is wanted elsewhere, or drops what that input held below 0.
#
# Software: ONNX Runtime 1.32.0 (`quantize_static`), onnx 1.23.2
# Expected: a ReLU behind a quantized layer can be left out if the layer's range begins at 0, since integers saturate
#           there; where the layer's output is also used as it is, the ReLU has to stay.
# Happens:  in the format QOperator it goes all the same: for c + relu(c) of a convolution the file computes c + c, and
#           for relu(c) * c it computes c * c, as large as the output itself. Clip is treated alike. In QDQ, the default
#           format, an inner branch is right, but both formats cut a *graph output* in front of a ReLU at 0.
# Matters:  pre-activation networks, CReLU, and networks that give out features before the activation (for distillation)
#           have such places. No warning is given. Compare a quantized network with the original output by output.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - 2> messages <<'PYTHON' || { cat messages; exit 1; }
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

random = np.random.default_rng(0)
images = [random.standard_normal((1, 3, 12, 12)).astype(np.float32) for _ in range(8)]
weights = {"w": random.standard_normal((4, 3, 3, 3)) * 0.3, "low": np.array(-0.5), "high": np.array(0.5)}
SHAPE = [1, 4, 10, 10]


class Images(CalibrationDataReader):
    def __init__(self):
        self.left = iter(images)

    def get_next(self):
        image = next(self.left, None)
        return None if image is None else {"x": image}


def outputs(path):
    return onnxruntime.InferenceSession(path).run(None, {"x": images[0]})


def quantized(nodes, names, kind):
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["c"]), *nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 12])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in names],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), "float.onnx")
    quantize_static("float.onnx", "integer.onnx", Images(), quant_format=kind)
    kept = [node.op_type for node in onnx.load("integer.onnx").graph.node]
    return kept, outputs("float.onnx"), outputs("integer.onnx")


relu, clip = helper.make_node("Relu", ["c"], ["r"]), helper.make_node("Clip", ["c", "low", "high"], ["r"])
for title, activation, after in (("relu(c) + c", relu, "Add"), ("relu(c) * c", relu, "Mul"), ("clip(c) + c", clip, "Add")):
    for kind in (QuantFormat.QOperator, QuantFormat.QDQ):
        kept, (right,), (wrong,) = quantized([activation, helper.make_node(after, ["r", "c"], ["y"])], ["y"], kind)
        error, width = abs(wrong - right).max(), right.max() - right.min()
        print(f"{title} in {kind.name}: off by {error:.2f} of {width:.2f}, {activation.op_type} in the file: {activation.op_type in kept}")
        if kind == QuantFormat.QOperator:
            assert activation.op_type not in kept and error > 0.2 * width
        else:
            assert error < 0.05 * width
for kind in (QuantFormat.QOperator, QuantFormat.QDQ):
    kept, right, wrong = quantized([relu], ["c", "r"], kind)
    print(f"outputs c and relu(c) in {kind.name}: c from {right[0].min():.2f} becomes c from {wrong[0].min():.2f}")
    assert right[0].min() < -2 and wrong[0].min() == 0 and abs(wrong[1] - right[1]).max() < 0.1
PYTHON
