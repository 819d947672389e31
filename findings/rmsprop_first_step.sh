#!/usr/bin/env bash
# RMSprop's first step with equal settings: 0.76, 0.032 or 0.001 of the rate.
#
# Software: PyTorch 2.15.0, timm 1.0.31 `RMSpropTF`, Optax 0.2.8
# Expected: lr * g / (sqrt(v) + epsilon) with v starting at 0.
# Happens:  for gradient, epsilon 1e-3 and decay 0.9 PyTorch steps by 0.76 lr. Optax' default has epsilon inside the
#           root: 0.032 (`eps_in_sqrt=False` gives 0.76). timm's has it inside and starts v at 1: 0.001.
# Matters:  EfficientNet and MobileNet recipes say "RMSprop, epsilon 1e-3" and mean the TensorFlow kind. Outside the
#           root 1e-3 weighs what 1e-6 does inside, and with small gradients PyTorch's first steps are hundreds of
#           times larger.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31 optax==0.2.8 jax==0.10.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import jax.numpy as jnp
import optax
import torch
from timm.optim import RMSpropTF

gradient, epsilon, decay = 1e-3, 1e-3, 0.9
seen = {}
for name, kind in (("PyTorch", torch.optim.RMSprop), ("timm", RMSpropTF)):
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.tensor([gradient])
    kind([parameter], lr=1.0, alpha=decay, eps=epsilon).step()
    seen[name] = -parameter.item()
for name, options in (("Optax", {}), ("Optax, eps_in_sqrt=False", {"eps_in_sqrt": False})):
    rmsprop = optax.rmsprop(1.0, decay=decay, eps=epsilon, **options)
    update, _ = rmsprop.update(jnp.array([gradient]), rmsprop.init(jnp.zeros(1)))
    seen[name] = -float(update[0])
v = (1 - decay) * gradient**2
rules = {
    "PyTorch": gradient / (v**0.5 + epsilon),
    "timm": gradient / (decay + v + epsilon) ** 0.5,
    "Optax": gradient / (v + epsilon) ** 0.5,
}
rules["Optax, eps_in_sqrt=False"] = rules["PyTorch"]
for name, step in seen.items():
    print(f"{name:25} {step:.6f} by rule {rules[name]:.6f}")
    assert abs(step - rules[name]) < 1e-3 * rules[name]
PYTHON
