#!/usr/bin/env bash
# OpenVINO reads PyTorch's Softplus without its beta, and round without its decimals.
#
# Software: OpenVINO 2026.4.1 (`convert_model` of a PyTorch module), PyTorch 2.15.0
# Expected: what a module computes is computed, or refused, as AvgPool2d's `divisor_override` and Hardshrink are.
# Happens:  Softplus(beta=2) and Softplus(beta=0.5) are Softplus(): at 0 it gives 0.693 instead of 0.347 and 1.386.
#           `torch.round(x, decimals=1)` rounds to whole numbers. LogSigmoid of -120 is minus infinity. AvgPool2d(3, 2,
#           padding=1, ceil_mode=True) divides the last windows of an 8 x 8 image by 9, those of 9 x 11 rightly.
# Matters:  Softplus with a beta stands in for a smooth ReLU and for positive scales. There is no warning. Resizing,
#           with antialiasing or without, norms, gates and padding modes were right where tried.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 openvino==2026.4.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - 2> messages <<'PYTHON' || { cat messages; exit 1; }
import numpy as np
import openvino
import torch


class Round(torch.nn.Module):
    def forward(self, x):
        return torch.round(x, decimals=1)


def compare(module, x):
    module.eval()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(openvino.convert_model(module, example_input=x), "CPU", settings)
    return compiled(x.numpy())[0], module(x).numpy()


values = torch.tensor([[-120.0, -1, 0, 0.26, 1.24]])
seen = {}
for name, module in (
    ("Softplus()", torch.nn.Softplus()),
    ("Softplus(beta=2)", torch.nn.Softplus(beta=2)),
    ("Softplus(beta=0.5)", torch.nn.Softplus(beta=0.5)),
    ("round(decimals=1)", Round()),
    ("LogSigmoid()", torch.nn.LogSigmoid()),
):
    found, right = seen[name] = compare(module, values)
    print(f"{name} of {values[0].tolist()}: OpenVINO {found[0].round(4)}, PyTorch {right[0].round(4)}")
assert np.allclose(*seen["Softplus()"], atol=1e-5)
assert all(np.allclose(seen[name][0], seen["Softplus()"][1], atol=1e-5) for name in ("Softplus(beta=2)", "Softplus(beta=0.5)"))
assert seen["round(decimals=1)"][0][0, 3:].tolist() == [0, 1] and abs(seen["round(decimals=1)"][1][0, 4] - 1.2) < 1e-5
assert seen["LogSigmoid()"][0][0, 0] == -np.inf and seen["LogSigmoid()"][1][0, 0] == -120
torch.manual_seed(0)
pool = torch.nn.AvgPool2d(3, 2, padding=1, ceil_mode=True)
for shape in ((9, 11), (8, 8)):
    found, right = compare(pool, torch.rand(1, 1, *shape) + 1)
    ratio = (found / right)[0, 0]
    print(f"AvgPool2d of {shape}: OpenVINO's share of PyTorch's values {np.unique(ratio.round(3)).tolist()}")
    assert np.allclose(ratio, 1, atol=1e-5) == (shape == (9, 11))
PYTHON
