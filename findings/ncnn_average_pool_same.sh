#!/usr/bin/env bash
# ncnn's average pool leaves padding out of the mean, unless the padding is called SAME.
#
# Software: ncnn 1.0.20261020 (its Python package), layer `Pooling`
# Expected: `avgpool_count_include_pad=0`, the default, divides by the pixels that exist, however the padding is given;
#           `pad_mode` SAME is TensorFlow's, which does so.
# Happens:  with pads given by numbers ones stay ones; with `pad_mode` 2 (SAME_UPPER) or 3 (SAME_LOWER) each window is
#           divided by its full size: the border is 0.67, the corner 0.44, with either value of the flag.
# Matters:  SAME is how networks from TensorFlow arrive, and there the border is a mean of what exists. A writer of
#           ncnn's files should compute the pads itself; ncnn takes four different ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    ncnn==1.0.20261020 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import ncnn
import numpy as np


def pool(parameters):
    with open("pool.param", "w") as file:
        file.write(f"7767517\n2 2\nInput in 0 1 x\nPooling pool 1 1 x y {parameters}\n")
    with open("pool.bin", "wb"):
        pass
    network = ncnn.Net()
    network.opt.use_vulkan_compute = False
    network.opt.num_threads = 1
    assert network.load_param("pool.param") == 0 and network.load_model("pool.bin") == 0
    ones = np.ones((1, 5, 5), np.float32)
    extractor = network.create_extractor()
    extractor.input("x", ncnn.Mat(ones).clone())
    status, output = extractor.extract("y")
    assert status == 0
    return np.array(output, float)[0]


AVERAGE = "0=1 1=3 2=2"  # kernel 3, stride 2
cases = {
    "pads 1 on every side": (f"{AVERAGE} 3=1 5=1", False),
    "pads 1, counted": (f"{AVERAGE} 3=1 5=1 6=1", True),
    "SAME_UPPER": (f"{AVERAGE} 5=2", True),
    "SAME_UPPER, not counted, says the flag": (f"{AVERAGE} 5=2 6=0", True),
    "SAME_LOWER": (f"{AVERAGE} 5=3", True),
}
for case, (parameters, counted) in cases.items():
    output = pool(parameters)
    print(f"{case:39}", output.round(2).tolist())
    edge = [4 / 9, 6 / 9, 4 / 9]
    assert np.allclose(output, [edge, [6 / 9, 1, 6 / 9], edge] if counted else 1, atol=1e-5)
PYTHON
