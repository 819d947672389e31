#!/usr/bin/env bash
# Exponential averages of weights with one decay: four libraries, four series, and batch norm twice.
#
# Software: PyTorch 2.15.0 `AveragedModel`, timm 1.0.31 `ModelEmaV3`, ema-pytorch 0.8.3, Optax 0.2.8 `ema`
# Expected: from weight 0 with decay 0.9 the averages after 1, 2, 3 are 0.1, 0.29, 0.561.
# Happens:  that is timm's. PyTorch's first update is a copy: 1, 1.1, 1.29. Optax corrects the bias: 1, 1.526, 2.07.
#           ema-pytorch starts with a copy and lets the decay grow: 1, 1.63, 2.289. PyTorch copies buffers (running
#           statistics), timm averages them.
# Matters:  with decay 0.9999 the first thousands of steps are nearly all start: validation of timm's average looks
#           dead where the others look fine. An averaged network needs statistics that fit its weights, copied,
#           averaged or measured anew.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31 ema-pytorch==0.8.3 optax==0.2.8 jax==0.10.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import jax.numpy as jnp
import optax
import torch
from ema_pytorch import EMA
from timm.utils import ModelEmaV3
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

series = (1.0, 2.0, 3.0)


def averaged(wrap, update, read):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    average = wrap(model)
    row = []
    for value in series:
        torch.nn.init.constant_(model.weight, value)
        update(average, model)
        row.append(round(read(average).weight.item(), 3))
    return row


def torchs(model):
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))


seen = {
    "PyTorch": averaged(
        torchs, lambda average, model: average.update_parameters(model), lambda average: average.module
    ),
    "timm": averaged(
        lambda model: ModelEmaV3(model, decay=0.9),
        lambda average, model: average.update(model),
        lambda average: average.module,
    ),
    "ema-pytorch": averaged(
        lambda model: EMA(model, beta=0.9, update_every=1, update_after_step=0),
        lambda average, _: average.update(),
        lambda average: average.ema_model,
    ),
}
ema = optax.ema(0.9)
state = ema.init(jnp.zeros(1))
seen["Optax"] = []
for value in series:
    out, state = ema.update(jnp.array([value]), state)
    seen["Optax"].append(round(float(out[0]), 3))
for name, row in seen.items():
    print(f"{name:12} {row}")

norm = torch.nn.BatchNorm1d(1)
copied, mixed = torchs(norm), ModelEmaV3(norm, decay=0.9)
for mean in (5.0, 7.0):
    norm.running_mean.fill_(mean)
    copied.update_parameters(norm)
    mixed.update(norm)
means = [round(average.module.running_mean.item(), 3) for average in (copied, mixed)]
print("running mean after 5 and 7: PyTorch", means[0], "timm", means[1])
assert seen == {
    "PyTorch": [1, 1.1, 1.29],
    "timm": [0.1, 0.29, 0.561],
    "ema-pytorch": [1, 1.63, 2.289],
    "Optax": [1, 1.526, 2.07],
}
assert means == [7, 1.15]
PYTHON
