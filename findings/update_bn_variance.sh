#!/usr/bin/env bash
# PyTorch's update_bn averages the variances of batches, and leaves out how the batches differ.
#
# Software: PyTorch 2.15.0 `optim.swa_utils.update_bn`
# Expected: it passes over the data once to give a batch norm the mean and variance of the activations, so it gives the
#           mean and variance of the data, in whatever batches they come.
# Happens:  it gives the plain mean of the batches' means and of their variances. Data in the order of their classes
#           have a variance of 0 where the true one is 1.27; 64 sorted numbers of variance 9.9 have 1.7. A last, small
#           batch counts as much as a full one: 60 zeros and then 4 times 16 have mean 8 instead of 1. In random order
#           and equal batches it is right but for chance.
# Matters:  it ends every run with averaged weights, and the loader that it is given is often the one for evaluation:
#           in the order of the folders and with a last batch of what is left. Shuffle, and drop the last batch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torch.optim.swa_utils import update_bn


def updated(data, size):
    layer = torch.nn.BatchNorm1d(1)
    update_bn(data.split(size), layer)
    return layer.running_mean.item(), layer.running_var.item()


torch.manual_seed(0)
numbers = torch.randn(64, 1) * 3 + 5
classes = torch.repeat_interleave(torch.arange(4.0), 16)[:, None]
uneven = torch.cat([torch.zeros(60, 1), torch.full((4, 1), 16.0)])
for name, data, size in (
    ("random order", numbers, 16),
    ("sorted", numbers.sort(0)[0], 16),
    ("by class", classes, 16),
    ("batches of 60 and 4", uneven, 60),
):
    mean, variance = updated(data, size)
    print(f"{name}: mean {mean:.2f} of {data.mean().item():.2f}, variance {variance:.2f} of {data.var().item():.2f}")
    close = abs(variance / data.var().item() - 1) < 0.1
    assert close == (name == "random order")
assert updated(classes, 16) == (1.5, 0) and updated(uneven, 60)[0] == 8 and uneven.mean() == 1
PYTHON
