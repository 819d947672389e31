#!/usr/bin/env bash
# A mask turned into a COCO polygon by its contour loses half a pixel all around; a small one loses most of itself.
#
# Software: OpenCV 5.0.0 `findContours`, pycocotools 2.0.11, scikit-image 0.26.0, Pillow 13.0.0
# Expected: the contour of a mask, stored as the polygon of an annotation and drawn again, is the mask.
# Happens:  `findContours` names pixels on the border, by whole numbers; COCO's polygons run between pixels, so that a
#           square from 2 to 6 covers four of them. 4 x 4 pixels come back as 3 x 3, a disc of radius 1 (5 pixels) as 2
#           with an overlap of 0.17, one of radius 5 with 0.75. OpenCV's `fillPoly`, Pillow's and scikit-image's drawing
#           of the same numbers give back the mask, which hides it. `contourArea` is by the other reading: 9 for 16.
# Matters:  this is how most converters make COCO annotations of label images. Labels made this way cap AP at high
#           overlaps, for small things altogether. Store run lengths, or the edges between pixels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 pycocotools==2.0.11 scikit-image==0.26.0 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask as coco
from skimage.draw import polygon

rows, columns = np.mgrid[:24, :24]
square = ((rows >= 2) & (rows < 6) & (columns >= 2) & (columns < 6)).astype(np.uint8)
things = {"square of 4": square}
for radius in (1, 2, 5, 8):
    things[f"disc of {radius}"] = ((rows - 12) ** 2 + (columns - 12) ** 2 <= radius**2).astype(np.uint8)
overlaps = {}
for name, mask in things.items():
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = contours[0].reshape(-1, 2)
    annotation = coco.frPyObjects([points.astype(float).ravel().tolist()], 24, 24)
    back = coco.decode(annotation)[..., 0]
    image = Image.new("1", (24, 24))
    ImageDraw.Draw(image).polygon([tuple(map(int, point)) for point in points], fill=1)
    drawn = [
        cv2.fillPoly(np.zeros_like(mask), contours, 1).sum(),
        np.array(image).sum(),
        len(polygon(points[:, 1], points[:, 0])[0]),
    ]
    overlaps[name] = (mask & back).sum() / (mask | back).sum()
    print(
        f"{name}: {mask.sum()} pixels, as COCO's polygon {back.sum()}, overlap {overlaps[name]:.2f};"
        f" drawn by OpenCV, Pillow, scikit-image {[int(count) for count in drawn]}; contourArea {cv2.contourArea(contours[0])}"
    )
    assert all(count == mask.sum() for count in drawn)
    if name == "square of 4":
        assert back.sum() == 9 == cv2.contourArea(contours[0])
assert overlaps["disc of 1"] < 0.2 and overlaps["disc of 2"] < 0.5 and 0.7 < overlaps["disc of 5"] < 0.8
corners = coco.frPyObjects([[2, 2, 6, 2, 6, 6, 2, 6]], 24, 24)
assert (coco.decode(corners)[..., 0] == square).all()
PYTHON
