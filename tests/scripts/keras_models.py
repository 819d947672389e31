#!/usr/bin/env python3
"""Models of keras.applications with random weights come in, and make Keras' numbers.

    venv/bin/python tests/scripts/keras_models.py target/debug/archc [NAME …]

with keras 3.15.1, tensorflow-cpu 2.21.0 and onnxruntime 1.32.0. `archc import` reads the `.keras` file, and what
`archc export` makes of that runs in ONNX Runtime. Prints a row for each, and ends with 1 if a number differs by more
than 1e-4 of the largest. """

import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy
import onnxruntime

NAMES = [
    "MobileNet", "MobileNetV2", "ResNet50", "ResNet50V2", "DenseNet121", "VGG16", "EfficientNetB0", "EfficientNetV2B0",
    "Xception", "InceptionV3", "InceptionResNetV2", "MobileNetV3Small", "MobileNetV3Large", "ConvNeXtTiny",
]

# Those that are fed pixels from 0 to 255.
OF_PIXELS = ("Efficient", "MobileNetV3", "ConvNeXt")


def archc(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(" ".join((done.stderr or done.stdout).split())[:300])


def main():
    program, names = sys.argv[1], sys.argv[2:] or NAMES
    wrong = 0
    for name in names:
        keras.utils.set_random_seed(0)
        side = {"VGG16": 64}.get(name, 96)
        options = {"weights": None, "input_shape": (side, side, 3), "classes": 10, "classifier_activation": None}
        model = getattr(keras.applications, name)(**options)
        generator = numpy.random.default_rng(0)
        for weight in model.weights:
            if "moving_mean" in weight.path:
                weight.assign(0.1 * generator.standard_normal(weight.shape))
            elif "moving_variance" in weight.path:
                weight.assign(generator.uniform(0.8, 1.2, weight.shape))
            elif weight.path.endswith("gamma") and "layer_scale" in weight.path:
                weight.assign(generator.uniform(0.1, 0.5, weight.shape))
            elif weight.path.startswith("normalization") and weight.path.endswith(("mean", "variance")):
                weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        image = generator.uniform(0, 255 if name.startswith(OF_PIXELS) else 1, (1, side, side, 3)).astype(numpy.float32)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            model.save(folder / "model.keras")
            # Only a model that has been loaded computes with the numbers that a Normalization was given.
            model = keras.models.load_model(folder / "model.keras")
            expected = model.predict(image, verbose=0).reshape(-1)
            try:
                archc(program, "import", folder / "model.keras", "--out", folder / "net.yaml")
                archc(program, "export", folder / "net.yaml", "--weights", folder / "net.safetensors", "--format", "onnx", "--out", folder / "net.onnx")
            except RuntimeError as error:
                print(f"| {name} | refused: {error} |", flush=True)
                wrong += 1
                continue
            session = onnxruntime.InferenceSession(folder / "net.onnx", providers=["CPUExecutionProvider"])
            found = session.run(None, {session.get_inputs()[0].name: image.transpose(0, 3, 1, 2)})[0].reshape(-1)
            difference = numpy.abs(found - expected).max() / numpy.abs(expected).max()
            lines = len((folder / "net.yaml").read_text().splitlines())
            print(f"| {name} | {difference:.1e} | {lines} lines |{' WRONG' if difference > 1e-4 else ''}", flush=True)
            wrong += difference > 1e-4
    sys.exit(1 if wrong else 0)


main()
