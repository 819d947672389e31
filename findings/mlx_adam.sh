#!/usr/bin/env bash
# MLX's Adam starts without bias correction: its first step is 3.2 learning rates.
#
# Software: MLX 0.32.4 on a CPU, `mlx.optimizers.Adam`, `AdamW`, `Adamax`
# Expected: Adam's first step is the learning rate, whatever the gradient, as in its paper and every other library.
# Happens:  `bias_correction=False` is the default of Adam and AdamW: under a constant gradient the first step is 0.1 /
#           sqrt(0.001) = 3.16 lr, the twelfth 6.6, the thousandth still 1.26. Adamax has no correction at all, nor an
#           argument for it, and begins with a tenth of lr.
# Matters:  a recipe with a learning rate near the limit, copied from PyTorch, starts with steps three to seven times
#           too large, for which a short warm-up is too short. Who carries over the moments of such a run has to know
#           which kind they belong to.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    'mlx[cpu]==0.32.4' numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import inspect

import mlx.core as mx
import mlx.optimizers as optimizers

mx.set_default_device(mx.cpu)


def steps(optimizer, count):
    """Sizes of the first steps under a constant gradient of 0.5, in learning rates of 1."""
    parameters, sizes = {"w": mx.array([0.0])}, []
    for _ in range(count):
        before = parameters["w"].item()
        parameters = optimizer.apply_gradients({"w": mx.array([0.5])}, parameters)
        sizes.append(before - parameters["w"].item())
    return sizes


def adam(count):
    moments = [((1 - 0.9**t) * 0.5, (1 - 0.999**t) * 0.25) for t in range(1, count + 1)]
    return [m / v**0.5 for m, v in moments]


kinds = {
    "Adam": (optimizers.Adam(1.0), adam(1000)),
    "AdamW": (optimizers.AdamW(1.0, weight_decay=0.0), adam(3)),
    "Adam, bias_correction=True": (optimizers.Adam(1.0, bias_correction=True), [1, 1, 1]),
    "Adamax": (optimizers.Adamax(1.0), [0.1, 0.19, 0.271]),
}
for name, (optimizer, expected) in kinds.items():
    sizes = steps(optimizer, len(expected))
    print(f"{name:27}", [round(size, 3) for size in sizes[:3]], "largest", round(max(sizes), 2))
    assert all(abs(a - b) < 1e-3 * b for a, b in zip(sizes, expected, strict=True))
assert "bias_correction" not in inspect.signature(optimizers.Adamax).parameters
PYTHON
