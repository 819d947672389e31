#!/usr/bin/env bash
# torchmetrics' mean average precision, averaged "micro", is 1 for a detector that gets every class wrong.
#
# Software: torchmetrics 1.9.0 `detection.MeanAveragePrecision` with pycocotools 2.0.11, PyTorch 2.15.0
# Expected: "micro" pools the decisions of all classes, as it does in the same library's accuracy and average precision:
#           a box with the wrong class is a false alarm and a miss.
# Happens:  all classes are made one before boxes are matched. Two boxes found exactly, each called by the other's
#           class: "macro" gives 0, "micro" 1. Detections of classes that the data do not have count as found, too.
# Matters:  "micro" is chosen where classes are of unequal size; it measures how well things are located, whatever they
#           are. With one class the two agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 torchvision==0.29.2 \
    torchmetrics==1.9.0 pycocotools==2.0.11 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.detection import MeanAveragePrecision

boxes = torch.tensor([[10.0, 10, 30, 30], [50, 50, 70, 70]])


def precision(average, labels):
    metric = MeanAveragePrecision(average=average)
    found = {"boxes": boxes, "scores": torch.tensor([0.9, 0.8]), "labels": torch.tensor(labels)}
    metric.update([found], [{"boxes": boxes, "labels": torch.tensor([0, 1])}])
    return metric.compute()["map"].item()


for name, labels, macro in (("right", [0, 1], 1), ("exchanged", [1, 0], 0), ("unknown to the data", [7, 8], 0)):
    values = precision("macro", labels), precision("micro", labels)
    print(f"classes {name}: macro {values[0]:.3f}, micro {values[1]:.3f}")
    assert values == (macro, 1)
accuracy = MulticlassAccuracy(2, average="micro")(torch.tensor([1, 0]), torch.tensor([0, 1])).item()
print("micro accuracy of exchanged classes in the same library:", accuracy)
assert accuracy == 0
PYTHON
