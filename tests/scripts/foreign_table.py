#!/usr/bin/env python3
"""The table in docs/import.md: networks that other programs have written come in, and make those programs' numbers.

    pip install torch torchvision onnx onnxscript onnxruntime keras tensorflow-cpu protobuf opencv-python-headless==4.14.0.94
    venv/bin/python tests/scripts/foreign_table.py target/debug/archc [torchscript|dynamo|keras|caffe|darknet …]

Runs torchvision_models.py, keras_models.py and configured_models.py, which say what is held against what, and prints a
row for each kind of file: how many networks there were, and the largest difference of any. Ends with 1 if one is more
than 1e-4 of the largest number, or was refused. """

import pathlib
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

HERE = pathlib.Path(__file__).resolve().parent

# Models, who wrote the files, who computed the numbers, and what runs it.
RUNS = {
    "torchscript": ("torchvision's classifiers of up to 60 MB", "PyTorch, `dynamo=False`", "torch torchvision", "torchvision_models.py"),
    "dynamo": ("the same", "PyTorch, `dynamo=True`", "torch onnxscript", "torchvision_models.py"),
    "keras": ("Keras' applications", "Keras with TensorFlow", "keras tensorflow_cpu", "keras_models.py"),
    "caffe": ("Caffe's own networks", "protobuf; numbers of OpenCV", "protobuf opencv-python-headless", "configured_models.py"),
    "darknet": ("Darknet's own networks", "to its format; numbers of torch", "torch", "configured_models.py"),
}


def named(package):
    try:
        return f"{package.replace('_', '-')} {version(package)}"
    except PackageNotFoundError:
        return package


def main():
    program, *kinds = sys.argv[1:]
    wrong = []
    print(f"read again in onnxruntime {version('onnxruntime')}\n")
    print("| models | written by | versions | networks | difference |\n|---|---|---|---|---|")
    for kind in kinds or RUNS:
        models, writer, packages, script = RUNS[kind]
        options = [] if kind == "keras" else [kind]
        done = subprocess.run([sys.executable, HERE / script, program, *options], stdout=subprocess.PIPE, text=True)
        rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
        found = [float(number) for row in rows for number in re.findall(r"^\| \S+ \| (\S+) \| \d+ lines \|", row)]
        versions = ", ".join(named(package) for package in packages.split())
        print(f"| {models} | {writer} | {versions} | {len(found)} | {max(found, default=float('nan')):.1e} |", flush=True)
        wrong += [row for row in rows if "refused" in row or "WRONG" in row or "not exported" in row]
        if done.returncode and not wrong:
            wrong.append(f"{script} ended with {done.returncode}")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
