#!/usr/bin/env python3
"""Models of ONNX come in and leave again, and make the numbers of the program that wrote them.

    venv/bin/python tests/scripts/torchvision_models.py target/debug/archc torchscript|dynamo [NAME …]

torchvision's classifiers of up to 60 MB (torch 2.15, torchvision 0.29) with random weights are exported; `archc import`
reads the file, and what `archc export` makes of that runs in ONNX Runtime. Prints a row for each, and ends with 1 if a
number differs by more than 1e-4 of the largest. """

import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnxruntime

warnings.filterwarnings("ignore")
MOST = 60 << 20


def archc(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(" ".join((done.stderr or done.stdout).split())[:300])
    return done.stdout


def run(path, image):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})[0]


def compare(program, file, image, channels_first, expected, folder):
    """How far archc's numbers are from those expected, relative to the largest."""
    out = folder / "net.yaml"
    archc(program, "import", file, "--out", out)
    again = folder / "again.onnx"
    archc(program, "export", out, "--weights", folder / "net.safetensors", "--format", "onnx", "--out", again)
    found = run(again, channels_first).reshape(-1)
    expected = expected.reshape(-1)
    if found.shape != expected.shape:
        raise RuntimeError(f"{found.shape} numbers for {expected.shape}")
    lines = len(out.read_text().splitlines())
    return numpy.abs(found - expected).max() / numpy.abs(expected).max(), lines


def torch_models(exporter, names):
    import torch
    import torchvision

    for name in names or torchvision.models.list_models(torchvision.models):
        if name.startswith(("vit", "swin", "maxvit")) and name not in names:
            continue
        torch.manual_seed(0)
        # Their own first numbers take minutes.
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        module = torchvision.models.get_model(name, **options)
        if 4 * sum(parameter.numel() for parameter in module.parameters()) > MOST and name not in names:
            continue
        module.eval()
        # What a fresh batch norm does shows as little as its statistics differ from nothing.
        generator = torch.Generator().manual_seed(1)
        for layer in module.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1, generator=generator)
                layer.running_var.uniform_(0.8, 1.2, generator=generator)
        side = 299 if name == "inception_v3" else 224
        image = torch.randn(1, 3, side, side, generator=generator)
        with torch.no_grad():
            expected = module(image).numpy()

        def export(path):
            if exporter == "dynamo":
                torch.onnx.export(module, (image,), path, dynamo=True, verbose=False)
            else:
                torch.onnx.export(module, (image,), path, dynamo=False)

        yield name, export, image.numpy(), image.numpy(), expected


def main():
    program = sys.argv[1]
    exporter = sys.argv[2] if len(sys.argv) > 2 else "torchscript"
    models = torch_models(exporter, sys.argv[3:])
    wrong = 0
    for name, export, image, channels_first, expected in models:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            file = folder / "model.onnx"
            try:
                with open(os.devnull, "w") as nowhere:
                    stdout, sys.stdout = sys.stdout, nowhere
                    try:
                        export(str(file))
                    finally:
                        sys.stdout = stdout
            except Exception as error:
                print(f"| {name} | not exported: {type(error).__name__} |", flush=True)
                continue
            try:
                difference, lines = compare(program, file, image, channels_first, expected, folder)
                is_wrong = difference > 1e-4
                print(f"| {name} | {difference:.1e} | {lines} lines |{' WRONG' if is_wrong else ''}", flush=True)
                wrong += is_wrong
            except RuntimeError as error:
                print(f"| {name} | refused: {error} |", flush=True)
                wrong += 1
    sys.exit(1 if wrong else 0)


main()
