#!/usr/bin/env bash
# SSIM of one pair of images is 0.48 or 0.64: two libraries count windows that lie half outside, two do not.
#
# Software: torchmetrics 1.9.0, kornia 0.9.0, MONAI 1.6.1, scikit-image 0.26.0, PyTorch 2.15.0
# Expected: with the same Gaussian window (11, sigma 1.5) and range one number, as of the original, which takes windows
#           within the image only.
# Happens:  scikit-image and MONAI do that. torchmetrics and kornia extend the images by reflection and count the
#           windows on the border like the others. On 32 x 32 pixels, noise in the middle gives 0.48 and 0.64, noise
#           along the edges 0.91 and 0.64. kornia's `padding="valid"` gives the former numbers. Its loss is (1 - SSIM) /
#           2, MONAI's 1 - SSIM.
# Matters:  small images and crops are mostly border. Numbers of two papers, or of a training log and its evaluation,
#           are of two metrics.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 torchmetrics==1.9.0 \
    kornia==0.9.0 monai==1.6.1 scikit-image==0.26.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import kornia.losses
import kornia.metrics
import numpy as np
import torch
from monai.losses import SSIMLoss
from monai.metrics import SSIMMetric
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

rows, columns = np.mgrid[:32, :32]
noise = 0.2 * ((rows + columns) % 2 * 2 - 1)
plain = np.full((32, 32), 0.5, np.float32)
for name, place, inside, padded in (
    ("in the middle", (rows > 12) & (rows < 19), 0.480, 0.643),
    ("along two edges", (rows < 3) | (rows > 28), 0.910, 0.643),
):
    noisy = (plain + place * noise).astype(np.float32)
    first, second = torch.tensor(plain)[None, None], torch.tensor(noisy)[None, None]
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    values = {
        "scikit-image": structural_similarity(plain, noisy, data_range=1, **settings),
        "MONAI": SSIMMetric(2, data_range=1.0)(second, first).item(),
        "kornia, valid": kornia.metrics.ssim(second, first, 11, padding="valid").mean().item(),
        "kornia": kornia.metrics.ssim(second, first, 11).mean().item(),
        "torchmetrics": structural_similarity_index_measure(second, first, data_range=1.0).item(),
    }
    losses = kornia.losses.ssim_loss(second, first, 11).item(), SSIMLoss(2)(second, first).item()
    print(f"noise {name}:", {key: round(float(value), 4) for key, value in values.items()})
    print(f"  losses of kornia and MONAI: {losses[0]:.4f} and {losses[1]:.4f}")
    expected = [inside] * 3 + [padded] * 2
    assert all(abs(value - want) < 2e-3 for value, want in zip(values.values(), expected))
    assert abs(losses[0] - (1 - padded) / 2) < 2e-3 and abs(losses[1] - (1 - inside)) < 2e-3
PYTHON
