#!/usr/bin/env bash
# In segmentation_models_pytorch two losses divide by the pixels that they ignore, and the multi-class focal loss is of
# sigmoids.
#
# Software: segmentation_models_pytorch 0.6.0, kornia 0.9.0, MONAI 1.6.1, PyTorch 2.15.0
# Expected: with `ignore_index` a loss is that of the pixels kept, as PyTorch's cross-entropy and this library's own
#           Dice, focal and Lovasz losses are; the focal loss of several classes is (1 - p) ** 2 times the cross-entropy
#           of a softmax.
# Happens:  `SoftCrossEntropyLoss` and `SoftBCEWithLogitsLoss` sum over the pixels kept and divide by all: with a
#           quarter ignored they are 3/4 of what they should be. `FocalLoss("multiclass")` is the mean of one binary
#           focal loss a class: adding 3 to all scores changes it. kornia and MONAI compute the softmax' focal loss,
#           divided by the number of classes, and their alpha is 1 - alpha for class 0: 0.25 weighs the background with
#           0.75.
# Matters:  images with more unlabelled pixels pull less, and a loss is no longer comparable over data sets. Focal
#           losses of three libraries have three gradients.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 \
    segmentation-models-pytorch==0.6.0 kornia==0.9.0 monai==1.6.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import kornia.losses
import monai.losses
import segmentation_models_pytorch.losses as smp
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

torch.manual_seed(0)
scores, label = torch.randn(2, 3, 8, 8), torch.randint(0, 3, (2, 8, 8))
label[0, :4] = 255
keep = label != 255
kept = scores.permute(0, 2, 3, 1)[keep].T[None, :, :, None], label[keep][None, :, None]
for name, loss, share in (
    ("SoftCrossEntropyLoss", smp.SoftCrossEntropyLoss(smooth_factor=0.0, ignore_index=255), 0.75),
    ("DiceLoss", smp.DiceLoss("multiclass", ignore_index=255), 1),
    ("FocalLoss", smp.FocalLoss("multiclass", ignore_index=255), 1),
    ("LovaszLoss", smp.LovaszLoss("multiclass", ignore_index=255), 1),
):
    found, right = loss(scores, label).item(), loss(*kept).item()
    print(f"{name}: {found:.4f} with a quarter ignored, {right:.4f} on the pixels kept")
    assert abs(found / right - share) < 1e-4
assert abs(cross_entropy(scores, label, ignore_index=255) - smp.SoftCrossEntropyLoss(smooth_factor=0.0)(*kept)) < 1e-5
binary, mask = torch.randn(2, 1, 8, 8), torch.where(label == 255, 255, label > 0).float()[:, None]
found = smp.SoftBCEWithLogitsLoss(ignore_index=255)(binary, mask).item()
right = binary_cross_entropy_with_logits(binary[mask != 255], mask[mask != 255]).item()
print(f"SoftBCEWithLogitsLoss: {found:.4f} with a quarter ignored, {right:.4f} on the pixels kept")
assert abs(found / right - 0.75) < 1e-4

scores = torch.tensor([2.0, -1.0, 0.5])[None, :, None, None]
for kind in range(3):
    label = torch.full((1, 1, 1), kind)
    share = torch.softmax(scores, 1)[0, kind]
    right = (-((1 - share) ** 2) * share.log()).item()
    planes = one_hot(label, 3).permute(0, 3, 1, 2).float()
    found = {
        "smp": smp.FocalLoss("multiclass", gamma=2.0)(scores, label),
        "smp, scores + 3": smp.FocalLoss("multiclass", gamma=2.0)(scores + 3, label),
        "kornia": kornia.losses.focal_loss(scores, label, alpha=None, gamma=2.0, reduction="mean"),
        "MONAI": monai.losses.FocalLoss(use_softmax=True, gamma=2.0)(scores, planes),
        "kornia, alpha 0.25": kornia.losses.focal_loss(scores, label, alpha=0.25, gamma=2.0, reduction="sum"),
        "MONAI, alpha 0.25": monai.losses.FocalLoss(use_softmax=True, gamma=2.0, alpha=0.25, reduction="sum")(scores, planes),
    }
    ratio = {name: round(value.item() / right, 4) for name, value in found.items()}
    print(f"focal losses of class {kind}, times the formula's {right:.4f}: {ratio}")
    assert abs(ratio["smp"] - ratio["smp, scores + 3"]) > 0.1
    assert ratio["kornia"] == ratio["MONAI"] == 0.3333
    assert ratio["kornia, alpha 0.25"] == ratio["MONAI, alpha 0.25"] == (0.25 if kind else 0.75)
PYTHON
