#!/usr/bin/env bash
# torchvision's centre crop leans left and right in turns; other libraries always lean left.
#
# Software: torchvision 0.29.2, kornia 0.9.0, albumentations 2.0.8
# Expected: an odd margin is split the same way for every size, and in every library.
# Happens:  torchvision rounds half the margin to the nearest *even* number: margins 1, 3, 5, 7 begin at 0, 2, 2, 4.
#           kornia and albumentations round down: 0, 1, 2, 3.
# Matters:  224 out of 255 begins at 16 in torchvision, 15 elsewhere: the same weights are evaluated on other pixels.
#           Rounding "half up" agrees with it on 3 and 7, rounding down on 1 and 5, so one test size proves nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 kornia==0.9.0 albumentations==2.0.8 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as A
import kornia
import numpy as np
import torch
import torchvision.transforms.v2.functional as TF

starts = {"torchvision": [], "kornia": [], "albumentations": []}
for margin in (1, 3, 5, 7, 31):
    size = 10 + margin
    columns = np.tile(np.arange(size, dtype=np.uint8), (size, 1))
    tensor = torch.tensor(columns)[None]
    starts["torchvision"].append(int(TF.center_crop(tensor, [10, 10])[0, 0, 0]))
    starts["kornia"].append(int(kornia.augmentation.CenterCrop(10)(tensor[None].float())[0, 0, 0, 0].round()))
    starts["albumentations"].append(int(A.CenterCrop(10, 10)(image=columns)["image"][0, 0]))
for name, row in starts.items():
    print(f"{name:15} margins 1, 3, 5, 7, 31 begin at {row}")
assert starts == {"torchvision": [0, 2, 2, 4, 16], "kornia": [0, 1, 2, 3, 15], "albumentations": [0, 1, 2, 3, 15]}
PYTHON
