#!/usr/bin/env bash
# PyTorch's fusion of a batch norm turns a transposed convolution into another one, unless it is told what it is.
#
# Software: PyTorch 2.15.0, `torch.nn.utils.fusion.fuse_conv_bn_eval`, `torch.fx.experimental.optimization.fuse`
# Expected: the function sees a ConvTranspose2d and scales the axis of its output channels, or refuses.
# Happens:  it scales the first axis, the *input* channels: with as many outputs as inputs no error, another network.
#           `transpose=True` is right for one group and an error for several. The pass over a whole graph leaves
#           transposed convolutions alone, but takes each call for a layer of its own: a convolution that is called
#           twice, with a norm each, gets both norms folded into its one weight.
# Matters:  decoders and GANs have as many outputs as inputs often enough, and networks that share a convolution between
#           scales are ordinary. A fusion has to ask for the output axis, and for the number of uses of a weight.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torch.fx.experimental.optimization import fuse
from torch.nn.utils.fusion import fuse_conv_bn_eval

torch.manual_seed(0)
x = torch.randn(1, 4, 6, 6)


def norm():
    layer = torch.nn.BatchNorm2d(4).eval()
    layer.running_mean.normal_()
    layer.running_var.uniform_(0.5, 2)
    return layer


errors = {}
for groups in (1, 2):
    for transpose in (False, True):
        layer, behind = torch.nn.ConvTranspose2d(4, 4, 3, groups=groups).eval(), norm()
        try:
            fused = fuse_conv_bn_eval(layer, behind, transpose=transpose)
            errors[groups, transpose] = (fused(x) - behind(layer(x))).abs().max().item()
        except RuntimeError as error:
            errors[groups, transpose] = str(error)[:40]
        print(f"ConvTranspose2d, groups {groups}, transpose={transpose}: off by {errors[groups, transpose]}")
assert errors[1, False] > 0.1 and errors[1, True] < 1e-5
assert errors[2, False] > 0.1 and isinstance(errors[2, True], str)


class Shared(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.first, self.second = torch.nn.Conv2d(4, 4, 3), norm(), norm()

    def forward(self, x):
        return self.first(self.conv(x)) + self.second(self.conv(x.flip(-1)))


shared = Shared().eval()
error = (fuse(shared)(x) - shared(x)).abs().max().item()
print(f"one Conv2d called twice, two norms: off by {error}")
assert error > 0.1
PYTHON
