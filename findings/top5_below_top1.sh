#!/usr/bin/env bash
# scikit-learn's top-5 accuracy can be lower than its top-1 accuracy.
#
# Software: scikit-learn 1.9.1, `accuracy_score` of the argmax and `top_k_accuracy_score`
# Expected: whatever is right at top-1 is right at top-5.
# Happens:  argmax gives a tie to the lowest index, `top_k_accuracy_score` to the highest: with 10 equal logits an
#           example of class 0 is right at top-1 by argmax and wrong at top-5; one of class 9 the other way round.
# Matters:  the two numbers stand side by side in every report. Both must break ties by the same rule, or a network
#           whose logits saturate (f16, int8, ReLU heads) reports a top-5 below its top-1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from sklearn.metrics import accuracy_score, top_k_accuracy_score

logits = np.zeros((1, 10))
classes = range(10)
top1 = [accuracy_score([c], logits.argmax(axis=1)) for c in classes]
topk = {k: [top_k_accuracy_score([c], logits, k=k, labels=list(classes)) for c in classes] for k in (1, 5)}
print("equal logits, one example of each class 0 to 9")
print("argmax:", *map(int, top1))
for k, row in topk.items():
    print(f"top {k}: ", *map(int, row))
assert top1 == [1] + [0] * 9
assert topk[1] == [0] * 9 + [1] and topk[5] == [0] * 5 + [1] * 5
PYTHON
