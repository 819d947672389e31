#!/usr/bin/env bash
# LAMB's first step is one rate in one library and ten in another; RAdam's first five steps are none in the latter.
#
# Software: pytorch_optimizer 4.1.0, torch-optimizer 0.3.0, PyTorch 2.15.0
# Expected: LAMB moves a matrix by the rate times the matrix' own norm, whatever the gradient; RAdam, while its variance
#           is not to be trusted, moves by the rate times the corrected mean of the gradients, as the paper has it.
# Happens:  weights of 1, a rate of 0.01, a gradient of 2. LAMB moves by 0.01 in torch-optimizer. In pytorch_optimizer
#           it moves by 0.1, then 0.047 and 0.031: Adam's correction for the start at 0 is applied behind the norm,
#           which had removed what it corrects. RAdam moves by 0.02 in PyTorch and torch-optimizer; in pytorch_optimizer
#           it does not move for five steps, unless `degenerated_to_sgd=True`. From the sixth on all agree.
# Matters:  LAMB is for large batches, where the first steps at ten times the rate are the ones that diverge. With a
#           warm-up of a few steps one does not see either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 pytorch_optimizer==4.1.0 torch-optimizer==0.3.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pytorch_optimizer
import torch
import torch_optimizer


def steps(kind, count=8, **settings):
    weight = torch.nn.Parameter(torch.ones(4, 4))
    optimizer = kind([weight], lr=0.01, **settings)
    taken = []
    for _ in range(count):
        before = weight.detach().clone()
        weight.grad = torch.full((4, 4), 2.0)
        optimizer.step()
        taken.append(round((before - weight.detach())[0, 0].item(), 4))
    return taken


seen = {
    "LAMB, torch-optimizer": steps(torch_optimizer.Lamb),
    "LAMB, pytorch_optimizer": steps(pytorch_optimizer.Lamb),
    "RAdam, PyTorch": steps(torch.optim.RAdam),
    "RAdam, torch-optimizer": steps(torch_optimizer.RAdam),
    "RAdam, pytorch_optimizer": steps(pytorch_optimizer.RAdam),
    "the same, degenerated_to_sgd": steps(pytorch_optimizer.RAdam, degenerated_to_sgd=True),
}
for name, taken in seen.items():
    print(f"{name}: {taken}")
assert seen["LAMB, torch-optimizer"][:3] == [0.01, 0.0099, 0.0098]
assert seen["LAMB, pytorch_optimizer"][:3] == [0.1, 0.0474, 0.0315]
assert seen["RAdam, pytorch_optimizer"][:5] == [0] * 5 and seen["RAdam, PyTorch"][:5] == [0.02] * 5
assert seen["RAdam, pytorch_optimizer"][5:] == seen["RAdam, PyTorch"][5:]
assert seen["the same, degenerated_to_sgd"] == seen["RAdam, PyTorch"] == seen["RAdam, torch-optimizer"]
PYTHON
