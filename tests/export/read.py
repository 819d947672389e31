"""Runs models of ONNX in a reader, for the tests in this folder.

Each line of the input is a request in JSON; each line of the output says how far the result is from what it should be,
relative to its largest number, or why the model is not read.

    read.py onnxruntime | openvino | opencv | onnx2torch | pytorch

pytorch runs the source of a module with its weights instead. onnxruntime also holds each model against onnx's own
checker, with shapes worked out in full.
"""

import contextlib
import json
import sys

import numpy as np


def onnxruntime():
    import onnx
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)

    def run(request, x):
        model = request["model"]
        onnx.checker.check_model(model, full_check=True)
        # What archc says is what follows from the graph.
        inferred = onnx.shape_inference.infer_shapes(onnx.load(model), strict_mode=True, data_prop=True)
        output = inferred.graph.output[0].type.tensor_type.shape.dim
        sizes = [size.dim_value for size in output][1:]
        assert sizes == request["output_shape"][1:], f"onnx says {sizes}"
        assert {entry.key for entry in inferred.metadata_props} >= {"name", "classes"}
        session = onnxruntime.InferenceSession(model)
        return session.run(None, {session.get_inputs()[0].name: x})[0]

    return run


def openvino():
    import openvino

    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(request, x):
        model = core.compile_model(request["model"], "CPU")
        return model([x])[model.output(0)]

    return run


def opencv():
    import cv2

    def run(request, x):
        net = cv2.dnn.readNetFromONNX(request["model"])
        net.setInput(x)
        return net.forward()

    return run


def onnx2torch():
    import onnx2torch
    import torch

    def run(request, x):
        module = onnx2torch.convert(request["model"]).eval()
        with torch.no_grad():
            return module(torch.from_numpy(x)).numpy()

    return run


def pytorch():
    import torch

    def run(request, x):
        names = {}
        with open(request["model"]) as file:
            exec(compile(file.read(), request["model"], "exec"), names)
        # The network's own class comes last.
        module = [value for value in names.values() if isinstance(value, type)][-1]()
        weights = torch.load(request["weights"], weights_only=True)
        module.load_state_dict(weights, strict=True)
        for name, value in module.state_dict().items():
            assert value.dtype == weights[name].dtype, name
        with torch.no_grad():
            return module.eval()(torch.from_numpy(x)).numpy()

    return run


READERS = {reader.__name__: reader for reader in (onnxruntime, openvino, opencv, onnx2torch, pytorch)}


def answer(run, request):
    x = np.fromfile(request["input"], request["type"]).reshape(request["input_shape"])
    expected = np.fromfile(request["output"], "float32").reshape(request["output_shape"])
    with contextlib.redirect_stdout(sys.stderr):
        found = np.asarray(run(request, x))
    if found.shape != expected.shape:
        return {"error": f"the result is {list(found.shape)}, not {list(expected.shape)}"}
    difference = np.abs(found.astype("float64") - expected).max() / max(np.abs(expected).max(), 1e-12)
    if not np.isfinite(difference):
        return {"error": "the result is not finite"}
    return {"difference": float(difference)}


def main():
    run = READERS[sys.argv[1]]()
    for line in sys.stdin:
        try:
            reply = answer(run, json.loads(line))
        except Exception as error:  # Whatever a reader has against a model is what is asked for.
            text = " ".join(str(error).split())
            reply = {"error": f"{type(error).__name__}: {text[:300]}"}
        print(json.dumps(reply), flush=True)


main()
