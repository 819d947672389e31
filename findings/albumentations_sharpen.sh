#!/usr/bin/env bash
# albumentations' Sharpen darkens images, by up to a quarter as it comes.
#
# Software: albumentations 2.0.8 `Sharpen`
# Expected: sharpening raises the contrast of edges; a flat image stays as it is, and a picture keeps its mean. The
#           documentation of `lightness` says "larger values create higher contrast".
# Happens:  the kernel's weights sum to `lightness`, drawn from 0.5 to 1, so a flat 200 becomes 150 to 200: everything
#           is multiplied by 1 - alpha * (1 - lightness). With lightness 1.5 it becomes 250, with lightness 1 it stays.
#           It is the brightness that changes; the edges are as strong with each of them. `method="gaussian"` keeps the
#           mean.
# Matters:  used for sharpness, it darkens the training set by 9 % on average. Give lightness=(1, 1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    albumentations==2.0.8 albucore==0.0.24 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
NO_ALBUMENTATIONS_UPDATE=1 venv/bin/python -W ignore - <<'PYTHON'
import albumentations
import numpy as np

flat = np.full((16, 16, 3), 200, np.uint8)
soft = np.repeat(np.linspace(90, 110, 16).astype(np.uint8)[None, :, None], 16, 0).repeat(3, 2)


def mean(image, **settings):
    return float(albumentations.Compose([albumentations.Sharpen(p=1, **settings)], seed=1)(image=image)["image"].mean())


change = albumentations.Compose([albumentations.Sharpen(p=1)], seed=1)
drawn = [float(change(image=flat)["image"].mean()) for _ in range(500)]
print(f"a flat 200, 500 times as it comes: {min(drawn):.0f} to {max(drawn):.0f}, {np.mean(drawn):.1f} on average")
assert min(drawn) < 155 and max(drawn) > 195 and 178 < np.mean(drawn) < 187
for lightness in (0.5, 1.0, 1.5):
    found, other = (mean(image, alpha=(0.5, 0.5), lightness=(lightness, lightness)) for image in (flat, soft))
    factor = 1 - 0.5 * (1 - lightness)
    print(f"alpha 0.5, lightness {lightness}: 200 becomes {found:.1f}, a ramp of mean {soft.mean():.1f} has mean {other:.1f}")
    assert abs(found - 200 * factor) < 1 and abs(other - soft.mean() * factor) < 2
gaussian = mean(flat, method="gaussian", kernel_size=5, sigma=1.0)
print("gaussian:", gaussian)
assert gaussian == 200
PYTHON
