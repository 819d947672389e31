#!/usr/bin/env bash
# Whether torchmetrics counts a prediction as right depends on the other ones in its batch.
#
# Software: torchmetrics 1.9.0, against scikit-learn 1.9.1
# Expected: a score of 0.3 is below the threshold of 0.5 or it is not; AUROC depends on the order of scores alone.
# Happens:  if anything in the batch lies outside 0..1, all of it is taken for logits and goes through a sigmoid:
#           [0.3, 0.2] are two negatives, [0.3, 2.0] two positives. The sigmoid also makes ties of large f32 logits:
#           the AUROC of 20, 19, 18, 17 is 0.5 where the order says 0.25.
# Matters:  logits of an untrained network lie within 0..1 in some batches and not in others, so accuracy jumps
#           without a cause. Give such metrics probabilities, and ranking metrics the raw scores of a library that
#           does not map them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchmetrics==1.9.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.functional.classification import binary_accuracy, binary_auroc

ones = torch.tensor([1, 1])
batches = [torch.tensor([0.3, 0.2]), torch.tensor([0.3, 2.0])]
accuracies = [float(binary_accuracy(scores, ones)) for scores in batches]
print("all labels 1; accuracy of [0.3, 0.2] and [0.3, 2.0]:", accuracies)
scores, labels = torch.tensor([20.0, 19.0, 18.0, 17.0]), torch.tensor([0, 1, 0, 1])
areas = float(binary_auroc(scores, labels)), float(roc_auc_score(labels, scores))
print("AUROC of 20, 19, 18, 17 with labels 0, 1, 0, 1: torchmetrics", areas[0], "scikit-learn", areas[1])
assert accuracies == [0, 1] and areas[1] == 0.25 and areas[0] != 0.25
PYTHON
