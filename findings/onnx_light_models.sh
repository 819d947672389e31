#!/usr/bin/env bash
# The models of onnx's own tests have names of famous networks, and one number for each weight.
#
# Software: onnx 1.23.2, ONNX Runtime 1.32.0
# Expected: `light_resnet50.onnx` in the package is a ResNet-50, small because its weights are few or of half precision.
# Happens:  it holds no weights at all. They are made when the graph runs, by `ConstantOfShape` of a stored size: 239
#           arrays of 25,608,360 numbers, each array of one number throughout, so the thousand classes all have one
#           score, whatever the image. VGG-19 with its 143,667,112 numbers is a file of 9,311 bytes.
# Matters:  an importer that takes only stored tensors for weights refuses every one of them, and one that reads sizes
#           of weights from `initializer` finds none there. Who wants to see whether an import is right has no use for
#           the numbers: any two images look the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

onnxruntime.set_default_logger_severity(4)
light = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
for path in sorted(light.glob("*.onnx")):
    model = onnx.load(path)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    largest = max((array.size for array in stored.values()), default=0)
    made = [node for node in model.graph.node if node.op_type == "ConstantOfShape"]
    weights = sum(int(np.prod(stored[node.input[0]])) for node in made)
    print(f"{path.name}: {path.stat().st_size} bytes, {len(made)} weights of {weights} numbers are made, the largest stored has {largest}")
    assert made and largest < 100, path.name
    if path.name == "light_resnet50.onnx":
        session = onnxruntime.InferenceSession(path)
        images = np.random.default_rng(0).standard_normal((2, 1, 3, 224, 224)).astype(np.float32)
        name = session.get_inputs()[0].name
        scores = [session.run(None, {name: image})[0] for image in images]
        print("scores of two images:", [np.unique(score) for score in scores])
        assert all(np.unique(score).size == 1 for score in scores)
        assert np.array_equal(*scores) and scores[0].size == 1000
        assert (len(made), weights) == (239, 25_608_360)
    if path.name == "light_vgg19.onnx":
        assert (path.stat().st_size, weights) == (9311, 143_667_112)
PYTHON
