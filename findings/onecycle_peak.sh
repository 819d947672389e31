#!/usr/bin/env bash
# The one-cycle schedule peaks one step earlier in PyTorch than `pct_start * total_steps`.
#
# Software: PyTorch 2.15.0 `OneCycleLR`, Optax 0.2.8 `cosine_onecycle_schedule`
# Expected: of 10 steps with 30 % warm-up, step 3 has the largest rate and step 9 or 10 the smallest, in both.
# Happens:  PyTorch ends its phases at `pct * total - 1`: the peak is step 2 and the end step 9. Optax peaks at 3 and
#           ends at step 10, which is never taken. The curves are one step apart all the way, and PyTorch's warm-up is
#           a step shorter.
# Matters:  the shorter the run, the more it shows; a test of a reimplementation has to compare the whole list, since
#           the shape looks right with either rule.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 optax==0.2.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import optax
import torch

total, top, part = 10, 1.0, 0.3
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=top, total_steps=total, pct_start=part, div_factor=25, final_div_factor=1e4
)
in_torch = []
for step in range(total):
    in_torch.append(round(optimizer.param_groups[0]["lr"], 4))
    optimizer.step()
    if step + 1 < total:
        schedule.step()
curve = optax.cosine_onecycle_schedule(total, top, part, 25, 1e4)
in_optax = [round(float(curve(step)), 4) for step in range(total)]
print("PyTorch", in_torch, "\nOptax  ", in_optax)
assert in_torch.index(top) == 2 and in_optax.index(top) == 3
assert in_torch[:3] == [0.04, 0.52, 1] and in_optax[:4] == [0.04, 0.28, 0.76, 1]
assert in_torch[3:] == in_optax[4:] + [0.0]
PYTHON
