import numpy as np
import pytest

import archc

# Small enough to learn the digits in seconds.
TEXT = """\
name: small
input: [1, 8, 8]
classes: 10
let: {width: 4}
layers:
  - conv {width} 3x3 p1 -> bn -> relu -> maxpool 2x2 as pool
  - flatten -> linear {classes} as fc
data: {set: digits}
train: {epochs: 2, batch: 100, optimizer: adam lr=0.02, seed: 1}
"""


@pytest.fixture
def network():
    return archc.compile(TEXT)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((7, 1, 8, 8), dtype=np.float32)
