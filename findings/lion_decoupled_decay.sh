#!/usr/bin/env bash
# Lion's "decoupled" weight decay is hundreds of times the one that is decoupled everywhere else.
#
# Software: lion-pytorch 0.2.5 with PyTorch 2.15.0, Optax 0.2.8 `lion`
# Expected: decoupled decay, as in AdamW, takes rate * decay off a weight in a step, apart from the gradient.
# Happens:  that is lion-pytorch without the flag, and Optax. `decoupled_weight_decay=True` divides the decay by the
#           rate that the optimizer was made with, so a step takes off decay * (rate now / rate then): at a rate of 1e-3
#           and a decay of 0.1 a tenth of each weight in a step, a thousand times as much. Where the rate is set anew
#           from outside after the optimizer was made with a small one, as a warm-up does, the decay grows by their
#           ratio.
# Matters:  somebody who looks for AdamW's decay turns the flag on and keeps the 0.1 or 1 of Lion's recipes: the weights
#           are gone in a few dozen steps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 lion-pytorch==0.2.5 optax==0.2.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import jax.numpy as jnp
import optax
import torch
from lion_pytorch import Lion


def left(steps, made_with=1e-3, run_with=1e-3, **settings):
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = Lion([weight], lr=made_with, weight_decay=0.1, **settings)
    optimizer.param_groups[0]["lr"] = run_with
    for _ in range(steps):
        weight.grad = torch.zeros(1)
        optimizer.step()
    return float(weight.detach()[0])


weight = jnp.ones(1)
rule = optax.lion(1e-3, weight_decay=0.1)
state = rule.init(weight)
for _ in range(30):
    change, state = rule.update(jnp.zeros(1), state, weight)
    weight = optax.apply_updates(weight, change)
seen = {
    "Optax, 30 steps": (float(weight[0]), 0.9999**30),
    "lion-pytorch, 30 steps": (left(30), 0.9999**30),
    "the same, decoupled, 1 step": (left(1, decoupled_weight_decay=True), 0.9),
    "the same, decoupled, 30 steps": (left(30, decoupled_weight_decay=True), 0.9**30),
    "made with a rate of 5e-4, run with 1e-3, 1 step": (left(1, 5e-4, decoupled_weight_decay=True), 0.8),
}
for name, (have, want) in seen.items():
    print(f"{name}: a weight of 1 is {have:.4f}")
    assert abs(have - want) < 1e-4, name
PYTHON
