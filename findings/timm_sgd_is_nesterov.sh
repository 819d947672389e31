#!/usr/bin/env bash
# timm's optimizer called "sgd" is SGD with Nesterov's momentum; plain momentum is called "momentum".
#
# Software: timm 1.0.31, `create_optimizer_v2`
# Expected: opt="sgd" is `torch.optim.SGD(momentum=0.9)`.
# Happens:  it has `nesterov=True`. The weight decay given with it is also left off biases and norm parameters by
#           default, so the same three numbers train two different networks in timm and in torchvision's reference
#           scripts.
# Matters:  `--opt sgd --momentum 0.9 --weight-decay 2e-5` from a timm recipe needs Nesterov and two parameter groups
#           elsewhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import timm.optim
import torch

model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
seen = {
    name: timm.optim.create_optimizer_v2(model, name, lr=0.1, momentum=0.9, weight_decay=1e-4)
    for name in ("sgd", "momentum")
}
for name, optimizer in seen.items():
    groups = [(group["weight_decay"], [tuple(p.shape) for p in group["params"]]) for group in optimizer.param_groups]
    print(
        f"{name:9} {type(optimizer).__name__}, nesterov={optimizer.defaults['nesterov']}, decay and parameters {groups}"
    )
    assert type(optimizer) is torch.optim.SGD and optimizer.defaults["nesterov"] == (name == "sgd")
    assert {group["weight_decay"]: len(group["params"]) for group in optimizer.param_groups} == {0: 3, 1e-4: 1}
PYTHON
