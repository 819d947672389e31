#!/usr/bin/env bash
# Averages over classes that do not occur: torchmetrics and scikit-learn differ on the same predictions.
#
# Software: torchmetrics 1.9.0, scikit-learn 1.9.1
# Expected: macro accuracy is balanced accuracy, and a class without a positive is left out of a mean AUROC.
# Happens:  labels 0 0 0 1, predictions 0 0 2 1: scikit-learn's `balanced_accuracy_score` is 5/6, torchmetrics' macro
#           accuracy 5/9, since a class that is only ever *predicted* counts as 0. `MulticlassAccuracy(n)` is macro by
#           default, `Accuracy(task="multiclass")` micro: 0.556 and 0.75. A label column without a positive has AUROC
#           0 in torchmetrics (so a perfect classifier of the other column averages 0.5) and NaN in scikit-learn.
# Matters:  small validation sets, multi-label sets and 5 epochs of a 1000-class network have such classes. A report
#           should say how many classes the mean is over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchmetrics==1.9.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import math

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torchmetrics import Accuracy
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.functional.classification import multilabel_auroc

labels, predictions = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1])
macro = float(MulticlassAccuracy(3)(torch.tensor(predictions), torch.tensor(labels)))
micro = float(Accuracy(task="multiclass", num_classes=3)(torch.tensor(predictions), torch.tensor(labels)))
balanced = balanced_accuracy_score(labels, predictions)
print(
    f"MulticlassAccuracy(3) {macro:.4f}, Accuracy(task='multiclass') {micro:.4f}, scikit-learn's balanced accuracy {balanced:.4f}"
)
table, scores = np.array([[1, 0], [0, 0], [1, 0]]), np.array([[0.9, 0.1], [0.2, 0.3], [0.4, 0.2]])
area = float(multilabel_auroc(torch.tensor(scores), torch.tensor(table), 2))
other = roc_auc_score(table, scores)
print("mean AUROC of a perfect column and one without positives: torchmetrics", area, "scikit-learn", other)
assert (round(macro, 4), micro, round(balanced, 4)) == (0.5556, 0.75, 0.8333)
assert area == 0.5 and math.isnan(other)
PYTHON
