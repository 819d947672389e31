#!/usr/bin/env bash
# Exported in train() mode, PyTorch's dropouts train in the file and its batch norms do not.
#
# Software: PyTorch 2.15.0 (`torch.onnx.export` as it comes), ONNX Runtime 1.32.0
# Expected: a model in train() mode is exported as it trains, or as it evaluates: one of the two.
# Happens:  the batch norm is folded into the convolution before it with its running statistics, as in eval(). The
#           Dropout stays, with `training_mode` true: two runs of the file on one input differ. The exporter says
#           nothing, and the module keeps its mode.
# Matters:  such a file cannot be trained on (the statistics are gone) and should not be evaluated either; its mean over
#           runs is right, so it looks like noise. An exporter should set the mode itself, or refuse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io

import numpy as np
import onnx
import onnxruntime
import torch

torch.manual_seed(0)
x = torch.randn(2, 3, 6, 6) + 5
model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Dropout(0.5))
outputs = {}
for mode in ("eval", "train"):
    getattr(model, mode)()
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(model, (x,), f"{mode}.onnx", verbose=False)
    graph = onnx.load(f"{mode}.onnx").graph
    session = onnxruntime.InferenceSession(f"{mode}.onnx")
    name = session.get_inputs()[0].name
    outputs[mode] = [session.run(None, {name: x.numpy()})[0] for _ in range(2)]
    kinds = [node.op_type for node in graph.node]
    print(f"{mode}(): {kinds}, two runs equal: {np.array_equal(*outputs[mode])}")
    assert kinds == ["Conv"] + ["Dropout"] * (mode == "train") and model.training == (mode == "train")
assert np.array_equal(*outputs["eval"]) and not np.array_equal(*outputs["train"])
kept = outputs["train"][0] != 0
twice = np.allclose(outputs["train"][0], 2 * outputs["eval"][0] * kept, atol=1e-4)
print(f"train() keeps {kept.mean():.0%} of the values, each twice the eval() output: {twice}")
assert 0 < kept.mean() < 1 and twice
PYTHON
