#!/usr/bin/env bash
# COCO's average precision of a perfect detector is -1 if 300 detections an image are allowed, or 50.
#
# Software: pycocotools 2.0.11, faster-coco-eval 1.8.0
# Expected: `params.maxDets` sets how many detections count, and what is summarised is for the last of its entries.
# Happens:  AP over all overlaps, the number that everybody reports, is looked up under 100 detections, whatever the
#           entries are: with [1, 10, 300] or [1, 10, 50] it is -1, which stands for "no objects". AP at 0.50 and 0.75,
#           AP by size and the recalls are for the last entry, so a table shows 1.0 beside -1. faster-coco-eval, made to
#           give the same numbers, gives 1.
# Matters:  aerial and cell images hold hundreds of objects, so the limit is raised there. A search that maximises AP
#           sees a constant. Metrics built on pycocotools, torchmetrics' for one, pass the -1 on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    pycocotools==2.0.11 faster-coco-eval==1.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io

import faster_coco_eval
import pycocotools.coco
import pycocotools.cocoeval

boxes = [[10, 10, 20, 20], [50, 50, 20, 20]]
truth = {
    "info": {},
    "images": [{"id": 1, "width": 100, "height": 100}],
    "categories": [{"id": 1, "name": "thing"}],
    "annotations": [
        {"id": place + 1, "image_id": 1, "category_id": 1, "bbox": box, "area": 400, "iscrowd": 0}
        for place, box in enumerate(boxes)
    ],
}
found = [{"image_id": 1, "category_id": 1, "bbox": box, "score": 0.9} for box in boxes]


def summary(coco, evaluation, limits):
    with contextlib.redirect_stdout(io.StringIO()):
        data = coco()
        data.dataset = truth
        data.createIndex()
        run = evaluation(data, data.loadRes([dict(entry) for entry in found]), "bbox")
        run.params.maxDets = limits
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [round(float(value), 3) for value in run.stats[:3]]


for limits in ([1, 10, 100], [1, 10, 300], [1, 10, 50]):
    first = summary(pycocotools.coco.COCO, pycocotools.cocoeval.COCOeval, limits)
    second = summary(faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster, limits)
    print(f"maxDets {limits}: AP, AP50, AP75 in pycocotools {first}, in faster-coco-eval {second}")
    assert first == [1 if limits[2] == 100 else -1, 1, 1] and second == [1, 1, 1]
PYTHON
