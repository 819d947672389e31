#!/usr/bin/env bash
# Whether PyTorch misses a batch norm's counter depends on an attribute that `dict()` drops.
#
# Software: PyTorch 2.15.0, `load_state_dict(strict=True)`
# Expected: a state dict without `num_batches_tracked` is refused, or accepted.
# Happens:  as it comes from `state_dict()` it is refused, copied into a plain dict (as safetensors and most
#           converters hand it over) it is accepted: the OrderedDict carries `_metadata` with a version, and without a
#           version the key may be missing. The counter then keeps the value that the module had.
# Matters:  a writer of checkpoints may leave the counters out if it writes safetensors, and may not if it writes .pth
#           with metadata. A reader that means to be as strict as PyTorch has to accept their absence.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch

trained = torch.nn.BatchNorm2d(3)
trained(torch.rand(2, 3, 4, 4))
state = trained.state_dict()
del state["num_batches_tracked"]
seen = {}
for name, given in (("as it comes", state), ("in a plain dict", dict(state))):
    module = torch.nn.BatchNorm2d(3)
    module.num_batches_tracked.fill_(7)
    try:
        module.load_state_dict(given, strict=True)
        seen[name] = f"accepted, counter {module.num_batches_tracked.item()}"
    except RuntimeError as error:
        seen[name] = "refused: " + str(error).splitlines()[-1].strip()
print(*(f"{name}: {outcome}" for name, outcome in seen.items()), sep="\n")
assert seen["as it comes"].startswith("refused") and seen["in a plain dict"] == "accepted, counter 7"
PYTHON
