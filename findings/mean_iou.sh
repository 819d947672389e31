#!/usr/bin/env bash
# The mean IoU of two label images is 0.45, 0.56, 0.65, 0.66, 0.69 or 0.74, by the library that is asked.
#
# Software: torchmetrics 1.9.0, MONAI 1.6.1, segmentation_models_pytorch 0.6.0, scikit-learn 1.9.1
# Expected: intersections and unions are counted over all images, and the ratios averaged over the classes that occur:
#           0.65, as Cityscapes and Pascal VOC do it and scikit-learn's `jaccard_score` gives.
# Happens:  two images of 8 pixels, four classes of which one occurs nowhere. torchmetrics has 0.65 in its
#           `MulticlassJaccardIndex` and 0.45 in `segmentation.MeanIoU`, the mean over all pairs of image and class that
#           occur in label or prediction; asked for `per_class` it gives numbers whose mean is 0.50, and -1 for the
#           absent class. MONAI's 0.56 is the mean over images of the mean over classes that occur in the label.
#           segmentation_models_pytorch counts an absent class as 1: 0.74 for "macro", 0.66 for "macro-imagewise", and
#           0.69 for "micro-imagewise".
# Matters:  a difference of ten points in a table may be the library. The class that is predicted where it is not
#           counts 0 in one and nothing in another. Say over what the mean is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 torchmetrics==1.9.0 \
    monai==1.6.1 segmentation-models-pytorch==0.6.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import segmentation_models_pytorch
import torch
from monai.metrics import MeanIoU as Monai
from sklearn.metrics import jaccard_score
from torchmetrics.classification import MulticlassJaccardIndex
from torchmetrics.segmentation import MeanIoU

label = torch.tensor([[[0, 0, 0, 0], [0, 0, 1, 1]], [[0, 2, 2, 2], [2, 2, 2, 2]]])
found = torch.tensor([[[0, 0, 0, 0], [0, 1, 1, 1]], [[2, 2, 2, 2], [2, 2, 1, 2]]])


def planes(image):
    return torch.nn.functional.one_hot(image, 4).permute(0, 3, 1, 2)


by_class = MeanIoU(num_classes=4, input_format="index", per_class=True)(found, label).tolist()
monai = Monai(include_background=True)
monai(planes(found), planes(label))
counts = segmentation_models_pytorch.metrics.get_stats(found, label, mode="multiclass", num_classes=4)
seen = {
    "scikit-learn jaccard_score, macro": (jaccard_score(label.flatten(), found.flatten(), average="macro"), 0.6548),
    "torchmetrics MulticlassJaccardIndex": (MulticlassJaccardIndex(4)(found, label), 0.6548),
    "torchmetrics MeanIoU": (MeanIoU(num_classes=4, input_format="index")(found, label), 0.45),
    "MONAI MeanIoU": (monai.aggregate(), 0.5625),
}
for kind, value in (("macro", 0.7411), ("macro-imagewise", 0.6562), ("micro", 0.6842), ("micro-imagewise", 0.6889)):
    score = segmentation_models_pytorch.metrics.iou_score(*counts, reduction=kind)
    seen[f"segmentation_models_pytorch, {kind}"] = score, value
for name, (have, want) in seen.items():
    print(f"{name}: {float(have):.4f}")
    assert abs(float(have) - want) < 1e-3, name
print("torchmetrics MeanIoU by class:", [round(value, 4) for value in by_class])
assert by_class[3] == -1 and abs(sum(by_class[:3]) / 3 - 0.5) < 1e-3
PYTHON
