#!/usr/bin/env bash
# timm's cosine schedule with warm-up never reaches the learning rate it is given.
#
# Software: timm 1.0.31, `CosineLRScheduler(warmup_t=3)`
# Expected: the rate rises to 1 in three epochs and falls from there over the rest.
# Happens:  0.1, 0.4, 0.7, then 0.79: the warm-up overwrites the first epochs of the full cosine instead of being put
#           before it, so the rate jumps over the peak. `warmup_prefix=True` is what one expects, and lengthens the
#           run by the warm-up.
# Matters:  5 warm-up epochs of 300 lose little, 5 of 20 cut the peak to 0.85. A recipe that was tuned with timm means
#           the first form unless it says `--warmup-prefix`; whoever copies its numbers elsewhere gets the second.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from timm.scheduler import CosineLRScheduler


def rates(**options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = CosineLRScheduler(optimizer, t_initial=10, warmup_t=3, warmup_lr_init=0.1, **options)
    row = []
    for epoch in range(14):
        row.append(round(optimizer.param_groups[0]["lr"], 3))
        schedule.step(epoch + 1)
    return row


default, prefix = rates(), rates(warmup_prefix=True)
print("as it comes       ", default, "\nwarmup_prefix=True", prefix)
assert default[:5] == [0.1, 0.4, 0.7, 0.794, 0.655] and max(default) < 0.8 and default[10] == 0
assert prefix[:5] == [0.1, 0.4, 0.7, 1, 0.976] and prefix[10] > 0.2 and prefix[13] == 0
PYTHON
