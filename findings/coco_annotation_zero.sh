#!/usr/bin/env bash
# A perfect detector scores 0 on COCO's metric if the annotations are numbered from 0.
#
# Software: pycocotools 2.0.11, faster-coco-eval 1.8.0
# Expected: an annotation's id is a name; any distinct numbers do.
# Happens:  the evaluation marks a match by writing the annotation's id into an array of zeros, so the annotation 0
#           counts as never found, and its detection as a false alarm: one box, found exactly, has AP 1 with id 1 and 0
#           with id 0; of two boxes AP is 0.25. Image id 0 and category id 0 do no harm. The faster reimplementation
#           keeps it so.
# Matters:  data sets written with `enumerate` lose one object, which shows as a slightly lower AP in a large set and
#           as nonsense in a test with a handful of boxes. Number annotations from 1.
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

BOXES = [[10, 10, 20, 20], [50, 50, 20, 20]]


def precision(library, ids, image=7, category=3):
    coco, evaluation = library
    annotations = [
        {"id": number, "image_id": image, "category_id": category, "bbox": box, "area": 400, "iscrowd": 0}
        for number, box in zip(ids, BOXES)
    ]
    found = [
        {"image_id": image, "category_id": category, "bbox": box, "score": 0.9 - place / 10}
        for place, box in enumerate(BOXES[: len(ids)])
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco()
        truth.dataset = {
            "info": {},
            "images": [{"id": image, "width": 100, "height": 100}],
            "annotations": annotations,
            "categories": [{"id": category, "name": "thing"}],
        }
        truth.createIndex()
        run = evaluation(truth, truth.loadRes(found), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return round(float(run.stats[0]), 3)


for name, library in (
    ("pycocotools", (pycocotools.coco.COCO, pycocotools.cocoeval.COCOeval)),
    ("faster-coco-eval", (faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster)),
):
    seen = {ids: precision(library, ids) for ids in ((1,), (0,), (1, 2), (0, 1))}
    other = precision(library, (1,), image=0, category=0)
    print(f"{name}: AP of perfect boxes by annotation ids {seen}; image 0 of category 0: {other}")
    assert seen[1,] == seen[1, 2] == other == 1 and seen[0,] == 0 and 0.2 < seen[0, 1] < 0.3
PYTHON
