#!/usr/bin/env bash
# torchmetrics' calibration error with n bins has n + 1 of them.
#
# Software: torchmetrics 1.9.0 `multiclass_calibration_error`, `binary_calibration_error` with PyTorch 2.15.0
# Expected: the bins divide 0 to 1, so a confidence of exactly 1 is in the last one; with one bin the error is the
#           distance of the mean confidence from the accuracy.
# Happens:  confidences of exactly 1 have a bin of their own, behind the last. Two predictions, 1 that is wrong and 0.96
#           that is right: 0.52, where one last bin has 0.48, with 1, 2, 10 or 15 bins alike. The wrong and the right no
#           longer cancel.
# Matters:  a softmax in float32 gives exactly 1 from a margin of about 17 on, so most predictions of a network trained
#           to the end are in the extra bin. Numbers differ from those of other implementations in the third digit or
#           earlier.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchmetrics==1.9.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

label = torch.tensor([1, 0])
for first in (1.0, 0.99):
    confidence = torch.tensor([first, 0.96])
    table = torch.stack([confidence, 1 - confidence], dim=1)
    one_bin = abs(0.5 - confidence.mean().item())
    found = [multiclass_calibration_error(table, label, 2, n_bins=bins).item() for bins in (1, 2, 10, 15)]
    binary = binary_calibration_error(confidence, 1 - label, n_bins=1).item()
    print(f"confidences {first} (wrong) and 0.96 (right): {[round(v, 4) for v in found]}, binary {binary:.4f}, one bin {one_bin:.4f}")
    want = 0.52 if first == 1 else one_bin
    assert all(abs(value - want) < 1e-4 for value in [*found, binary])
share = (torch.softmax(torch.tensor([[16.0, 0.0], [18.0, 0.0]]), dim=1)[:, 0] == 1).tolist()
print("softmax is exactly 1 at a margin of 16 and of 18:", share)
assert share == [False, True]
PYTHON
