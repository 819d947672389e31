#!/usr/bin/env bash
# Declaring integer labels to be classes renumbers them as soon as there are more than ten.
#
# Software: datasets 5.2.0, `Dataset.class_encode_column`
# Expected: a column of 0 to 11 stays as it is and gets twelve classes.
# Happens:  the values become text, the text is sorted, and its place is the new label: 0 1 10 11 2 3 ... 9, so 2
#           becomes 4 and 10 becomes 2. Up to ten classes nothing changes. Negative numbers and True are text too.
#           `cast_column` with a ClassLabel keeps the numbers.
# Matters:  `train_test_split(stratify_by_column=...)` refuses plain integers and sends its user to this method.
#           A network trained on the one numbering and evaluated on the other is right for the few labels that stay
#           where they were; on a set of ten classes nobody notices.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    datasets==5.2.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ.update(HF_HOME=os.path.abspath("cache"), HF_HUB_OFFLINE="1")
from datasets import ClassLabel, Dataset, disable_progress_bars

disable_progress_bars()
for count, kept in ((10, True), (12, False)):
    plain = Dataset.from_dict({"label": list(range(count))})
    encoded = plain.class_encode_column("label")
    print(f"0 to {count - 1} become {encoded['label'][:]}, classes {encoded.features['label'].names}")
    assert (encoded["label"][:] == list(range(count))) == kept
    cast = plain.cast_column("label", ClassLabel(num_classes=count))
    assert cast["label"][:] == list(range(count))
assert encoded["label"][2] == 4 and encoded["label"][10] == 2
try:
    plain.train_test_split(0.5, stratify_by_column="label")
    raise SystemExit("plain integers are accepted now")
except ValueError as error:
    print("stratified split of plain integers:", error)
PYTHON
