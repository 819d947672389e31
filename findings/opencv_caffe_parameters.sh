#!/usr/bin/env bash
# OpenCV 4 reads Caffe's LRN, Log and Swish and leaves parameters out; MVN's epsilon goes under the root.
#
# Software: OpenCV 4.14.0 (`cv2.dnn.readNetFromCaffe`), against the formulas of caffe.proto
# Expected: what a prototxt says about a layer is computed or refused, as `Threshold` and `round_mode` are.
# Happens:  LRN's `k` (1 is assumed), Log's `base`, `scale` and `shift` and Swish's `beta` are passed over in silence.
#           MVN's `eps` is added to the variance, in Caffe to the deviation. The `scale` and `shift` of Power and Exp
#           are heeded.
# Matters:  the k of the AlexNet paper is 2: without it the maps behind its normalisations are up to 1.7 times as large.
#           Checking an importer of prototxt against this reader finds faults that are none. (OpenCV 5 has no reader
#           for Caffe.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np

x = np.array([[0.5, 1, 2, 3], [4, 1, 0.5, 2]], np.float32).reshape(1, 2, 2, 2)


def layer(kind, parameters):
    text = "input: 'data' input_shape { dim: 1 dim: 2 dim: 2 dim: 2 }"
    text += f"layer {{ name: 'l' type: '{kind}' bottom: 'data' top: 'y' {parameters} }}"
    network = cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8))
    network.setInput(x)
    return network.forward()


def normalised(k):
    return x / (k + 0.5 * x**2) ** 0.75


def standardised(epsilon):
    away = x - x.mean((2, 3), keepdims=True)
    return away / (np.sqrt((away**2).mean((2, 3), keepdims=True)) + epsilon)


def under_root(epsilon):
    away = x - x.mean((2, 3), keepdims=True)
    return away / np.sqrt((away**2).mean((2, 3), keepdims=True) + epsilon)


# layer, its parameters, what they say, what OpenCV makes of them where that is something else
cases = {
    "LRN, k": ("LRN", "lrn_param { local_size: 1 alpha: 0.5 beta: 0.75 k: 2 }", normalised(2), normalised(1)),
    "Log, base, scale, shift": ("Log", "log_param { base: 10 scale: 2 shift: 1 }", np.log10(1 + 2 * x), np.log(x)),
    "Swish, beta": ("Swish", "swish_param { beta: 2 }", x / (1 + np.exp(-2 * x)), x / (1 + np.exp(-x))),
    "MVN, eps": ("MVN", "mvn_param { eps: 0.5 }", standardised(0.5), under_root(0.5)),
    "Power, scale, shift": ("Power", "power_param { power: 2 scale: 2 shift: 1 }", (1 + 2 * x) ** 2, None),
    "Exp, base, scale, shift": ("Exp", "exp_param { base: 2 scale: 2 shift: 1 }", 2 ** (1 + 2 * x), None),
}
for name, (kind, parameters, said, without) in cases.items():
    output = layer(kind, parameters)
    heeded = np.allclose(output, said, atol=1e-3)
    verdict = "heeded" if heeded else "another value"
    print(f"{name}: {verdict}, first value {output.flat[0]:.4f}, the prototxt says {said.flat[0]:.4f}")
    assert heeded == (without is None)
    if not heeded:
        assert np.allclose(output, without, atol=1e-3)
PYTHON
