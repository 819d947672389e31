#!/usr/bin/env bash
# PyTorch's LPPool2d of order 3 is NaN where a window's sum is negative, and of order 1 adds signs.
#
# Software: PyTorch 2.15.0, against ONNX Runtime 1.32.0 (`LpPool`) and the definition of a norm
# Expected: (sum of |x|^p)^(1/p), which is what a power-average pooling is called after and what ONNX writes down.
# Happens:  the powers are taken of x itself, and the root of their sum: -1, 1, 2, -3 have order-1 "norm" -1 and order-3
#           NaN (-19 has no third root there). Even orders agree. The exporter to ONNX writes single steps, not LpPool,
#           and so keeps it.
# Matters:  behind a ReLU all agree. Behind a batch norm or a leaky ReLU the first training step gives NaN, for a
#           network that another framework trains. A compiler that maps the layer to LpPool changes what it computes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import math

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper

x = torch.tensor([[[[-1.0, 1.0], [2.0, -3.0]]]])
seen = {}
for order in (1, 2, 3, 4):
    graph = helper.make_graph(
        [helper.make_node("LpPool", ["x"], ["y"], kernel_shape=[2, 2], p=order)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x.numpy()})[0].item()
    seen[order] = torch.nn.LPPool2d(order, 2)(x).item(), runtime
    norm = np.linalg.norm(x.numpy().ravel(), order)
    print(f"order {order}: PyTorch {seen[order][0]:.4f}, ONNX Runtime {runtime:.4f}, the norm {norm:.4f}")
    assert math.isclose(runtime, norm, rel_tol=1e-5)
assert seen[1][0] == -1 and math.isnan(seen[3][0])
assert all(math.isclose(*seen[order], rel_tol=1e-5) for order in (2, 4))
PYTHON
