#!/usr/bin/env bash
# With class weights, a label and its one-hot vector have different losses in PyTorch.
#
# Software: PyTorch 2.15.0, `cross_entropy(logits, target, weight=...)`
# Expected: `target` as indices and as the equal one-hot probabilities give one number, as they do without weights.
# Happens:  indices divide by the sum of the weights of the labels, probabilities by the number of examples. With
#           weights 1 to 4 and labels 0 and 3 the second is 2.5 times the first; label smoothing passed as an argument
#           or built into the vector alike.
# Matters:  mixup and cutmix turn indices into probabilities. Switching them on together with class weights silently
#           multiplies loss and gradients by the mean weight; a trainer that offers both has to decide on one divisor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
import torch.nn.functional as F

logits = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0]])
labels, weights = torch.tensor([0, 3]), torch.tensor([1.0, 2.0, 3.0, 4.0])
for smoothing in (0.0, 0.1):
    soft = F.one_hot(labels, 4) * (1 - smoothing) + smoothing / 4
    plain = F.cross_entropy(logits, labels, label_smoothing=smoothing), F.cross_entropy(logits, soft)
    weighted = F.cross_entropy(logits, labels, weight=weights, label_smoothing=smoothing), F.cross_entropy(
        logits, soft, weight=weights
    )
    print(
        f"smoothing {smoothing}: without weights {plain[0]:.4f} and {plain[1]:.4f}, with weights {weighted[0]:.4f} and {weighted[1]:.4f}"
    )
    assert torch.isclose(*plain)
    assert torch.isclose(weighted[0] * weights[labels].mean(), weighted[1])
PYTHON
