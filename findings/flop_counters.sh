#!/usr/bin/env bash
# Four counters of multiply-adds agree on a convolution, and on little else.
#
# Software: thop 0.1.1, fvcore 0.1.5, torchinfo 1.8.0, ptflops 0.7.5, against PyTorch 2.15.0's own FlopCounterMode / 2
# Expected: the same count up to the factor 2 and the bias.
# Happens:  a transposed convolution with stride 2 costs four times as much in thop and torchinfo, which count by
#           output pixel. A linear layer over a [1, 8, 16, 16] input costs 256 in torchinfo, which leaves out all axes
#           but the last, and 32,768 elsewhere. `F.conv2d` with a parameter is free in thop and ptflops, whose hooks
#           see modules only; torchinfo counts its 576 weights, once each.
# Matters:  published "GFLOPs" of U-Nets, super-resolution and transformer blocks come from these. A table of costs
#           should name its rule; a test against such a tool should be made of convolutions alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 thop==0.1.1.post2209072238 fvcore==0.1.5.post20221221 torchinfo==1.8.0 ptflops==0.7.5 \
    numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io

import ptflops
import thop
import torch
import torch.nn.functional as F
import torchinfo
from fvcore.nn import FlopCountAnalysis
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 8, 3, 3))

    def forward(self, x):
        return F.conv2d(x, self.weight, padding=1)


x = torch.ones(1, 8, 16, 16)


def native(model):
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() // 2


counters = {
    "PyTorch / 2": native,
    "thop": lambda model: int(thop.profile(model, (x,), verbose=False)[0]),
    "fvcore": lambda model: int(FlopCountAnalysis(model, x).unsupported_ops_warnings(False).total()),
    "torchinfo": lambda model: torchinfo.summary(model, input_data=x, verbose=0).total_mult_adds,
    "ptflops": lambda model: int(
        ptflops.get_model_complexity_info(
            model, (8, 16, 16), as_strings=False, print_per_layer_stat=False, backend="pytorch"
        )[0]
    ),
}
cases = {
    "conv": (lambda: nn.Conv2d(8, 8, 3, padding=1, bias=False), [147456] * 5),
    "depthwise": (lambda: nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), [18432] * 5),
    "transposed": (lambda: nn.ConvTranspose2d(8, 8, 2, stride=2, bias=False), [65536, 262144, 65536, 262144, 65536]),
    "linear": (lambda: nn.Linear(16, 16, bias=False), [32768, 32768, 32768, 256, 32768]),
    "functional": (Functional, [147456, 0, 147456, 576, 0]),
    "batch norm": (lambda: nn.BatchNorm2d(8), [0, 8192, 4096, 16, 4096]),
}
print(f"{'':11}", *(f"{name:>11}" for name in counters))
for name, (make, expected) in cases.items():
    row = []
    for count in counters.values():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            row.append(count(make().eval().requires_grad_(False)))
    print(f"{name:11}", *(f"{value:11}" for value in row))
    assert row == expected, row
PYTHON
