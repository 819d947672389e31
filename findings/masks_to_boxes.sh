#!/usr/bin/env bash
# torchvision's box of a mask is one pixel short, and a mask of one pixel has a box of no area.
#
# Software: torchvision 0.29.2 `ops.masks_to_boxes` with PyTorch 2.15.0, against pycocotools 2.0.11, Pillow 13.0.0,
#           scikit-image 0.26.0
# Expected: four columns from 2 on are the box 2 to 6, as in pycocotools (2, width 4), Pillow and scikit-image, and as
#           torchvision's own `box_area`, IoU and COCO's annotations count.
# Happens:  2 to 5: the last pixel is named, not its far edge. The box covers 9 of 16, its IoU with COCO's box of the
#           same mask is 0.56, a mask of one pixel or of one row has area 0, and `remove_small_boxes` drops it.
# Matters:  detection targets made of instance masks are off in this way against those that come with a data set. In a
#           large object it is nothing; one of 7 x 7 pixels misses an IoU of 0.75. Add 1 to the far corner.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 pycocotools==2.0.11 scikit-image==0.26.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco
from skimage.measure import regionprops
from torchvision.ops import box_area, box_iou, masks_to_boxes, remove_small_boxes

for size in (1, 4, 10):
    mask = np.zeros((16, 16), np.uint8)
    mask[2 : 2 + size, 2 : 2 + size] = 1
    box = masks_to_boxes(torch.tensor(mask)[None])
    left, top, width, height = coco.toBbox(coco.encode(np.asfortranarray(mask)))
    annotated = torch.tensor([[left, top, left + width, top + height]])
    others = {tuple(map(int, annotated[0])), Image.fromarray(mask).getbbox(), tuple(map(int, regionprops(mask)[0].bbox))}
    area, overlap = float(box_area(box)), float(box_iou(box.double(), annotated))
    kept = len(remove_small_boxes(box, 1.0))
    print(f"{size} x {size}: torchvision {box[0].tolist()}, the others {others}, area {area}, IoU {overlap:.4f}, kept {kept}")
    assert others == {(2, 2, 2 + size, 2 + size)} and box[0].tolist() == [2, 2, 1 + size, 1 + size]
    assert area == (size - 1) ** 2 and abs(overlap - (size - 1) ** 2 / size**2) < 1e-6 and kept == (size > 1)
PYTHON
