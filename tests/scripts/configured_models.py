#!/usr/bin/env python3
"""Networks of Caffe and Darknet come in with their weights, and make the numbers of other programs.

    venv/bin/python tests/scripts/configured_models.py target/debug/archc caffe|darknet [FILE …]

The files are those in tests/fixtures/foreign but for weights of more than 250 MB, or those that are named. Their random
weights are written to the formats by tests/scripts/foreign.py. What Caffe's networks come to is what
opencv-python-headless 4.14 makes of them, and what Darknet's come to is a forward pass in torch 2.15. `archc import`
reads a file with its weights, and what `archc export` makes of that runs in ONNX Runtime 1.32. Prints a row for each,
and ends with 1 if a number differs by more than 1e-4 of the largest. """

import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy
import onnxruntime
from google.protobuf import text_format

import foreign

FIXTURES = foreign.HERE.parent
MOST = 250 << 20


def archc(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(" ".join((done.stderr or done.stdout).split())[:300])
    return done.stdout


def difference(program, file, weights, image, expected, folder, *options):
    """How far archc's numbers are from those expected, relative to the largest; and how many lines it writes."""
    net, model = folder / "net.yaml", folder / "net.onnx"
    archc(program, "import", file, "--weights", weights, "--out", net, *options)
    archc(program, "export", net, "--weights", net.with_suffix(".safetensors"), "--format", "onnx", "--out", model)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: image})[0].reshape(-1)
    expected = numpy.asarray(expected).reshape(-1)
    if found.shape != expected.shape:
        raise RuntimeError(f"{found.shape} numbers for {expected.shape}")
    lines = len(net.read_text().splitlines())
    return numpy.abs(found - expected).max() / numpy.abs(expected).max(), lines


def of_darknet(program, file, folder):
    weights = folder / "net.weights"
    expected = foreign.darknet_run(file, weights, gain=2)
    parts = dict(foreign.sections(file.read_text())[:2])
    sides = [parts.get("crop", {}).get(f"crop_{side}", parts["net"][side]) for side in ("height", "width")]
    image = foreign.image(1, int(parts["net"]["channels"]), *map(int, sides))
    return difference(program, file, weights, image, expected, folder)


PARTS = """
Net layer:100:Layer* layers:2:Layer*
Layer name:1:string bottom:3:string* top:4:string* convolution_param:106:Window inner_product_param:117:Window
Window num_output:1:int32 bias_term:2:bool kernel_size:4:int32* group:5:int32 kernel_h:11:int32 kernel_w:12:int32
"""


def of_caffe(program, file, folder):
    text = file.read_text()
    net = foreign.schema(PARTS, "Net")()
    text_format.Parse(text, net, allow_unknown_field=True)
    # The sizes of blobs are archc's; OpenCV refuses weights that do not fit its own.
    checked = json.loads(archc(program, "check", file, "--format", "json"))
    sizes = {layer["name"]: layer["output"] for layer in checked["layers"]}
    blobs, tops = {}, {}
    for layer in net.layer:
        name = layer.name.replace("/", ".")
        inputs = [tops.get(bottom) for bottom in layer.bottom]
        if layer.HasField("convolution_param"):
            own = layer.convolution_param
            kernel = (own.kernel_h or own.kernel_size[0], own.kernel_w or own.kernel_size[0])
            weight = (own.num_output, inputs[0][0] // (own.group or 1), *kernel)
        elif layer.HasField("inner_product_param"):
            own = layer.inner_product_param
            weight = (own.num_output, int(numpy.prod(inputs[0])))
        else:
            own = None
        if own is not None:
            blobs[layer.name] = [foreign.numbers(*weight) * float(4 / numpy.prod(weight[1:])) ** 0.5]
            if own.bias_term or not own.HasField("bias_term"):
                blobs[layer.name].append(foreign.numbers(own.num_output))
        for top in layer.top:
            tops[top] = sizes.get(name, inputs[0] if inputs else checked["input"])
    weights = folder / "net.caffemodel"
    foreign.caffemodel(weights, blobs)
    image = foreign.image(1, *checked["input"])
    read = cv2.dnn.readNetFromCaffe(str(file), str(weights))
    read.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    read.setInput(image)
    last = [layer for layer in net.layer if layer.name in blobs][-1].name
    return difference(program, file, weights, image, read.forward(last), folder)


def main():
    program, which, *files = sys.argv[1:]
    ending, of = {"caffe": ("prototxt", of_caffe), "darknet": ("cfg", of_darknet)}[which]
    files = [pathlib.Path(file) for file in files] or sorted((FIXTURES / which).glob(f"*.{ending}"))
    wrong = 0
    for file in files:
        # What needs a database for its sizes is the same network once more.
        if any(word in file.name for word in ("train_", "solver")):
            continue
        size = 4 * json.loads(archc(program, "check", file, "--format", "json"))["total"]["params"]
        if size > MOST and len(sys.argv) < 4:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                found, lines = of(program, file, pathlib.Path(folder))
            except RuntimeError as error:
                print(f"| {file.stem} | refused: {error} |", flush=True)
                wrong += 1
                continue
            print(f"| {file.stem} | {found:.1e} | {lines} lines |{' WRONG' if found > 1e-4 else ''}", flush=True)
            wrong += found > 1e-4
    sys.exit(1 if wrong else 0)


main()
