#!/usr/bin/env bash
# Warm-up chained with a cosine depends on the order of the two, and neither order is their product.
#
# Software: PyTorch 2.15.0, `ChainedScheduler([LinearLR, CosineAnnealingLR])`
# Expected: each schedule multiplies the rate by a factor, so the order is irrelevant and the result the product.
# Happens:  `CosineAnnealingLR` with `eta_min` works by recursion from the rate it finds, which the warm-up has
#           changed; a factor applied around a sum does not commute. Epoch 3 has 0.820 or 0.847, where the cosine
#           alone has 0.814.
# Matters:  reimplementing a chain from closed forms gives a third curve. `SequentialLR` has exact values at its
#           milestones; a trainer with warm-up and a floor should define the curve by epoch, not by recursion.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import math

import torch
from torch.optim.lr_scheduler import ChainedScheduler, CosineAnnealingLR, LinearLR


def rates(warmup_first):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    both = [LinearLR(optimizer, 0.1, total_iters=3), CosineAnnealingLR(optimizer, 10, eta_min=0.1)]
    chain = ChainedScheduler(both if warmup_first else both[::-1], optimizer)
    row = []
    for _ in range(11):
        row.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        chain.step()
    return row


first, last = rates(True), rates(False)
product = [round(min(1, 0.1 + 0.3 * t) * (0.1 + 0.9 * (1 + math.cos(math.pi * t / 10)) / 2), 3) for t in range(11)]
print("warm-up, cosine", first, "\ncosine, warm-up", last, "\nproduct        ", product)
assert (first[3], last[3], product[3]) == (0.82, 0.847, 0.815)
assert first[-1] == last[-1] == product[-1] == 0.1
PYTHON
