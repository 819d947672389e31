"""Runs models of ONNX in a reader, for the tests in this folder.

Each line of the input is a request in JSON; each line of the output says how far the result is from what it should be,
relative to its largest number, or why the model is not read.

    read.py onnxruntime | openvino | opencv | onnx2torch | tract | pytorch | keras | transforms

pytorch and keras run the source of a module or a model with its weights instead; keras with the backend that
KERAS_BACKEND names, twice: the model as it is made, and as it is saved and loaded. onnxruntime also holds each model
against onnx's own checker, with shapes worked out in full; pytorch compares gradients too. transforms runs what the
source of a module says about images on one.
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
        onnx.checker.check_model(model)
        # What archc says is what follows from the graph: with this, the check is the checker's full one.
        loaded = onnx.load(model)
        inferred = onnx.shape_inference.infer_shapes(loaded, check_type=True, strict_mode=True, data_prop=True)
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


def tract():
    import tract

    def run(request, x):
        model = tract.onnx().load(request["model"]).into_model().into_runnable()
        return model.run([x])[0].to_numpy()

    return run


def begins_alike(module, path):
    """The first values of weights are drawn as archc draws them: from the same distribution, with other numbers."""
    with open(path) as file:
        archc = json.load(file)
    for name, weight in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        count, mean, drawn = archc[name]
        values = weight.detach().numpy().astype("float64")
        assert values.size == count, name
        # Constants to rounding; else as far as so many numbers say.
        if drawn is None:
            assert abs(values - mean).max() < 1e-6, f"{name} begins with {values.mean()}, not {mean}"
        elif count >= 500:
            deviation, kurtosis = drawn
            assert abs(values.mean() - mean) < 7 * deviation / count**0.5, f"{name}: mean {values.mean()}, not {mean}"
            ratio = values.std() / deviation
            assert abs(ratio - 1) < 7 / count**0.5, f"{name}: deviation {values.std()}, not {deviation}"
            # 1.8 of a uniform distribution, 3 of a normal one, to about the root of 24/N.
            found = (((values - values.mean()) / values.std()) ** 4).mean()
            assert abs(found - kurtosis) < 10 * (24 / count) ** 0.5, f"{name}: kurtosis {found}, not {kurtosis}"


def has_gradients(module, x, request):
    """Gradients are archc's, of the loss in training mode without what is drawn at random, in double precision."""
    import torch

    module = module.double().train()
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout) or type(part).__name__ == "DropPath":
            part.p = 0.0
    parameters = dict(module.named_parameters())
    labels = torch.tensor(request["labels"])
    loss = torch.nn.functional.cross_entropy(module(torch.from_numpy(x).double()), labels)
    # What has no parameters has nothing to derive.
    if parameters:
        loss.backward()
    assert sum(parameter.numel() for parameter in parameters.values()) == request["params"]
    names, counts = zip(*request["learns"]) if request["learns"] else ((), ())
    assert {name for name, parameter in parameters.items() if parameter.grad is not None} == set(names)
    values = np.fromfile(request["path"], "float64")
    # Some are zero but for rounding: that of a bias before a norm.
    largest = abs(values).max(initial=0)
    for name, expected in zip(names, np.split(values, np.cumsum(counts)[:-1])):
        difference = abs(parameters[name].grad.numpy().reshape(-1) - expected).max()
        assert difference <= 1e-7 * max(abs(expected).max(), 1e-3 * largest), f"gradient of {name}: {difference}"


def executed(request):
    """The names in a file of source."""
    names = {}
    with open(request["model"]) as file:
        exec(compile(file.read(), request["model"], "exec"), names)
    return names


def pytorch():
    import torch

    def run(request, x):
        names = executed(request)
        # The network's own class comes last.
        torch.manual_seed(1)
        module = [value for value in names.values() if isinstance(value, type)][-1]()
        begins_alike(module, request["init"])
        weights = torch.load(request["weights"], weights_only=True)
        module.load_state_dict(weights, strict=True)
        for name, value in module.state_dict().items():
            assert value.dtype == weights[name].dtype, name
        with torch.no_grad():
            result = module.eval()(torch.from_numpy(x)).numpy()
        if request["gradients"]:
            has_gradients(module, x, request["gradients"])
        return result

    return run


def transforms():
    from PIL import Image

    def run(request, _):
        image = Image.open(request["image"]).convert(request["mode"])
        return executed(request)["transforms"]()(image).numpy()

    return run


def keras():
    import os
    import tempfile

    import keras

    def channels_last(x):
        return np.moveaxis(x, 1, -1) if x.ndim == 4 else x

    def run(request, x):
        keras.backend.clear_session()
        # The function that makes the model comes last.
        make = [value for value in executed(request).values() if callable(value)][-1]
        model = make()
        if os.path.exists(request["model"] + ".weights.h5"):
            model.load_weights(request["model"] + ".weights.h5")
        results = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            model.save(path)
            # Where nothing is lacking in Keras, the file needs no source.
            for one in (model, keras.models.load_model(path)):
                y = keras.ops.convert_to_numpy(one(channels_last(x), training=False))
                results.append(np.moveaxis(y, -1, 1) if y.ndim == 4 else y)
        assert np.array_equal(*results), "it is another model after it was saved"
        return results[0]

    return run


READERS = {
    reader.__name__: reader
    for reader in (onnxruntime, openvino, opencv, onnx2torch, tract, pytorch, keras, transforms)
}


def answer(run, request):
    x = "input" in request and np.fromfile(request["input"], request["type"]).reshape(request["input_shape"])
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


if __name__ == "__main__":
    main()
