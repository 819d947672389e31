#!/usr/bin/env bash
# Looking at a validation set, which nobody shuffles, changes the order of the training set.
#
# Software: PyTorch 2.15.0 `DataLoader`
# Expected: a loader without shuffling, workers or augmentation needs no random number and takes none.
# Happens:  each `iter(loader)` draws a seed for workers from the global generator, whether there are workers or not: a
#           pass over a plain loader, or one look at its first batch, changes all that is drawn later. With a seed set
#           once, the training order of the second epoch is another one if the run validates after the first. A loader
#           with shuffling takes two numbers. With a `generator` of its own a loader leaves the global one alone.
# Matters:  two runs with the same seed and another validation interval, or a look at one batch for a log, train on
#           other batches, with other dropout masks. Comparisons are of two runs then. Give each loader a generator.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.arange(8))


def orders(between, generator=None):
    torch.manual_seed(0)
    train, found = DataLoader(data, batch_size=8, shuffle=True), []
    validation = DataLoader(data, batch_size=4, generator=generator)
    for _ in range(2):
        found.append(next(iter(train))[0].tolist())
        between(validation)
    return found


runs = {
    "no validation": orders(lambda loader: None),
    "one validation": orders(list),
    "a look at one batch": orders(lambda loader: next(iter(loader))),
    "only its length": orders(len),
    "a loader with a generator": orders(list, torch.Generator()),
}
for name, (first, second) in runs.items():
    print(f"{name}: the training order is {first}, then {second}")
plain = runs["no validation"]
assert all(run[0] == plain[0] for run in runs.values())
assert runs["one validation"][1] == runs["a look at one batch"][1] != plain[1]
assert runs["only its length"] == runs["a loader with a generator"] == plain


def drawn(**settings):
    torch.manual_seed(0)
    state = torch.Generator().manual_seed(0)
    list(DataLoader(data, batch_size=4, **settings))
    after, count = torch.randint(2**62, ()).item(), 0
    while torch.empty((), dtype=torch.int64, device="cpu").random_(0, 2**62, generator=state).item() != after:
        count += 1
        assert count < 10
    return count


print("numbers taken by one pass: plain", drawn(), "shuffled", drawn(shuffle=True))
assert (drawn(), drawn(shuffle=True)) == (1, 2)
PYTHON
