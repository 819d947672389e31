#!/usr/bin/env python3
"""Small models of ONNX and Keras with random weights, and the numbers that their own programs make with them.

    venv/bin/python tests/scripts/models.py torch       torch 2.15.0, onnx 1.23.2, onnxscript 0.7.2
    venv/bin/python tests/scripts/models.py onnx        onnx 1.23.2, onnxruntime 1.32.0
    venv/bin/python tests/scripts/models.py keras       keras 3.15.1, tensorflow-cpu 2.21.0, tf2onnx 1.17.0, onnxruntime 1.32.0

writes NAME.onnx, NAME.keras or NAME.h5, and NAME.logits, into tests/fixtures/foreign/models. What goes in is, channels
first, (37·k mod 101)/101 − 0.5 for the k-th number. """

import os
import pathlib
import sys
import warnings

import numpy

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "foreign" / "models"


def image(*shape):
    count = int(numpy.prod(shape))
    return ((37 * numpy.arange(count) % 101) / 101 - 0.5).astype(numpy.float32).reshape(shape)


def save(name, logits):
    (HERE / f"{name}.logits").write_text("".join(f"{number:.9g}\n" for number in numpy.asarray(logits).reshape(-1)))


def with_torch():
    import torch
    from torch import nn
    from torch.nn import functional

    class Gate(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.down, self.up = nn.Linear(channels, 4), nn.Linear(4, channels)

        def forward(self, x):
            gate = self.up(functional.relu(self.down(x.mean((2, 3)))))
            return x * functional.hardsigmoid(gate)[:, :, None, None]

    class Shuffle(nn.Module):
        def forward(self, x):
            n, c, h, w = x.shape
            return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)

    class Rich(nn.Module):
        """A bit of everything that classifiers are made of."""

        def __init__(self, lrn):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.SiLU())
            self.left, self.right = nn.Conv2d(8, 8, 3, padding=1, groups=2), nn.Conv2d(8, 8, 1)
            self.lrn = nn.LocalResponseNorm(3, 0.1) if lrn else nn.Identity()
            self.gn, self.gate = nn.GroupNorm(2, 8), Gate(8)
            self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
            self.bn, self.shuffle = nn.BatchNorm2d(16), Shuffle()
            self.fc1, self.fc2 = nn.Linear(16 * 16, 12), nn.Linear(12, 5)

        def forward(self, x):
            x = self.stem(x)
            x = functional.gelu(self.left(x)) + functional.hardswish(self.right(x))
            x = self.gate(self.gn(self.lrn(x)))
            a, b = x.chunk(2, 1)
            x = self.shuffle(functional.mish(self.bn(torch.cat([x, b, a], 1))))
            x = self.pool(functional.pad(x, (0, 1, 0, 1)))
            x = torch.flatten(functional.relu6(functional.avg_pool2d(x, 2, 1)), 1)
            return torch.log_softmax(self.fc2(functional.softplus(self.fc1(x))), 1)

    class Last(nn.Module):
        """A block as ConvNeXt has it: the channels come last for a while."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 6, 2, 2), nn.LayerNorm(6, 1e-6)
            self.deep, self.wide, self.narrow = nn.Conv2d(6, 6, 7, padding=3, groups=6), nn.Linear(6, 24), nn.Linear(24, 6)
            self.scale = nn.Parameter(torch.ones(6, 1, 1) * 0.3)
            self.head = nn.Linear(6, 4)

        def forward(self, x):
            x = self.norm(self.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            y = self.norm(self.deep(x).permute(0, 2, 3, 1))
            y = self.narrow(functional.gelu(self.wide(y))).permute(0, 3, 1, 2)
            x = x + self.scale * y
            return self.head(x.mean((2, 3)))

    # The older exporter writes a local response norm with an `If`, into which archc does not look.
    for name, make, shape in [("rich", lambda: Rich(False), (1, 3, 16, 16)), ("norm", lambda: Rich(True), (1, 3, 16, 16)), ("last", Last, (1, 3, 8, 8))]:
        torch.manual_seed(0)
        module = make().eval()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
            for layer in module.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.running_mean.normal_(0, 0.2)
                    layer.running_var.uniform_(0.5, 1.5)
        x = torch.tensor(image(*shape))
        logits = module(x).detach().numpy()
        if name != "last":
            # archc leaves the softmax at the end out; what is before it differs by one number.
            logits = logits - logits.max()
        for exporter, dynamo in [("script", False), ("dynamo", True)]:
            if name == "norm" and not dynamo:
                continue
            file = HERE / f"{name}_{exporter}.onnx"
            if dynamo:
                torch.onnx.export(module, (x,), str(file), dynamo=True, external_data=name == "last", verbose=False)
            else:
                torch.onnx.export(module, (x,), str(file), dynamo=False, dynamic_axes={"x": {0: "batch"}}, input_names=["x"])
            save(f"{name}_{exporter}", logits)


def with_keras():
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    from keras import layers as L

    def build(normalizes):
        keras.utils.set_random_seed(0)
        inner = keras.Sequential([L.Input((8, 8, 6)), L.DepthwiseConv2D(3, strides=2, padding="same", name="deep"), L.BatchNormalization(scale=False)], name="inner")
        x = i = keras.Input((16, 16, 3), name="image")
        x = L.Rescaling(2.0, offset=[0.1, 0.2, 0.3])(x)
        if normalizes:
            x = L.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 1.0, 2.0])(x)
        x = L.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="first")(x)
        x = L.BatchNormalization(name="norm")(x)
        x = L.LeakyReLU(name="leaky")(x)
        y = L.SeparableConv2D(6, 3, padding="same", activation="swish", name="sep")(x)
        gate = L.GlobalAveragePooling2D()(y)
        gate = L.Reshape((1, 1, 6))(L.Dense(6, activation="sigmoid", name="gate")(L.Dense(3, activation="relu", name="squeeze")(gate)))
        x = L.Add(name="sum")([x, L.Multiply()([y, gate])])
        x = inner(x)
        x = L.Concatenate()([x, L.MaxPooling2D(3, strides=1, padding="same")(x), L.AveragePooling2D(3, strides=1, padding="same")(x)])
        x = L.PReLU(shared_axes=[1, 2], name="slopes")(x)
        x = L.MaxPooling2D(2, padding="same")(L.ZeroPadding2D(((0, 1), (1, 0)))(x))
        x = L.Flatten()(x)
        x = L.Dropout(0.3)(L.Dense(10, activation="elu", name="fc")(x))
        x = L.Dense(5, activation="softmax", name="scores")(x)
        return keras.Model(i, x, name="small")

    def parts():
        """Arithmetic of values and numbers, vectors that become maps, and layers of Keras' own applications."""
        from keras.src.applications.convnext import LayerScale
        from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

        i = keras.Input((8, 8, 3), name="image")
        x = L.Conv2D(6, 3, activation="selu", name="first")(L.Rescaling(2.5, offset=-0.5)(i))
        y = (L.ReLU(6.0)(x + 3.0) * (1 / 6) - 0.5) / 2.0
        x = CustomScaleLayer(0.17)([x, LayerScale(0.1, 6, name="gamma")(2.0 - y)]) * y
        x = L.Dense(30, name="wide")(L.Flatten()(x))
        x = L.Conv2D(4, 2, activation="selu", name="second")(L.Reshape((2, -1, 5))(x))
        x = L.Dense(12, name="narrow")(L.Flatten()(x))
        return keras.Model(i, L.Dense(5, activation="softmax", name="scores")(L.Reshape((12,))(x)), name="parts")

    data = image(1, 3, 16, 16).transpose(0, 2, 3, 1)

    def numbers(model, data=data):
        generator = numpy.random.default_rng(0)
        for weight in model.weights:
            value = weight.numpy()
            value = value + 0.2 * generator.standard_normal(value.shape)
            weight.assign(numpy.abs(value) if "variance" in weight.name else value)
        logits = numpy.log(model.predict(data, verbose=0))
        return logits - logits.max()

    model = build(True)
    logits = numbers(model)
    for ending in ["keras", "h5"]:
        model.save(HERE / f"small_{ending}.{ending}")
        save(f"small_{ending}", logits)
    (HERE / "small_json.json").write_text(model.to_json())
    model = parts()
    logits = numbers(model, image(1, 3, 8, 8).transpose(0, 2, 3, 1))
    for ending in ["keras", "h5"]:
        model.save(HERE / f"parts_{ending}.{ending}")
        save(f"parts_{ending}", logits)
    # tf2onnx takes the numbers of a `Normalization` for inputs.
    model = build(False)
    logits = numbers(model)
    model.export(HERE / "small_tf.onnx", format="onnx", verbose=False)
    save("small_tf", logits)


def with_onnx():
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(0)
    tensors = []

    def tensor(name, *sizes):
        tensors.append(numpy_helper.from_array(random.standard_normal(sizes).astype(numpy.float32), name))
        return name

    def number(name, value):
        tensors.append(numpy_helper.from_array(numpy.float32(value), name))
        return name

    def filled(name, value, *sizes):
        """As the light models of onnx have their weights: one number, as often as a computed array has places."""
        tensors.append(numpy_helper.from_array(numpy.int64(sizes), f"{name}_sizes"))
        of = numpy_helper.from_array(numpy.float32([value]), "value")
        return helper.make_node("ConstantOfShape", [f"{name}_sizes"], [name], value=of)

    tensors.append(numpy_helper.from_array(numpy.int64([1, 2]), "axes"))
    nodes = [
        helper.make_node("Conv", ["x", tensor("kernel", 4, 3, 3, 3), tensor("bias", 4)], ["conv"], pads=[1] * 4),
        helper.make_node("HardSigmoid", ["conv"], ["hard"]),
        helper.make_node("HardSigmoid", ["conv"], ["harder"], alpha=0.5, beta=0.25),
        helper.make_node("Clip", ["conv", number("low", -0.7), number("high", 0.4)], ["both"]),
        helper.make_node("Clip", ["conv", number("least", -0.3)], ["below"]),
        helper.make_node("Clip", ["conv", "", number("most", 0.2)], ["above"]),
        helper.make_node("Clip", ["conv"], ["neither"]),
        helper.make_node("Concat", ["hard", "harder", "both", "below", "above", "neither"], ["all"], axis=1),
        filled("mixing", 0.1, 80, 24, 1, 1),
        helper.make_node("Conv", ["all", "mixing"], ["mixed"]),
        helper.make_node("Mul", ["mixed", tensor("scale", 80, 1, 1)], ["scaled"]),
        filled("factors", 0.7, 80),
        helper.make_node("Unsqueeze", ["factors", "axes"], ["stretched"]),
        helper.make_node("Mul", ["scaled", "stretched"], ["rescaled"]),
        filled("less", 0.2, 80),
        helper.make_node("Unsqueeze", ["less", "axes"], ["lessened"]),
        helper.make_node("Sub", ["rescaled", "lessened"], ["lowered"]),
        helper.make_node("GlobalAveragePool", ["lowered"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        filled("matrix", 0.01, 60, 80),
        helper.make_node("Gemm", ["flat", "matrix"], ["wide"], transB=1),
        helper.make_node("Add", ["wide", tensor("shift", 60)], ["shifted"]),
        helper.make_node("Gemm", ["shifted", tensor("last", 60, 5)], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "bounds",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [-1, 3, 6, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "bounds.onnx")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    save("bounds", session.run(None, {"x": image(1, 3, 6, 5)})[0])


{"torch": with_torch, "keras": with_keras, "onnx": with_onnx}[sys.argv[1]]()
