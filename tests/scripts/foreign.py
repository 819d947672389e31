"""Writes small networks in the formats of Darknet and Caffe, their weights, and the numbers that other programs make of
them:

    python tests/scripts/foreign.py

Made with numpy 2.3, torch 2.15, opencv-python-headless 4.14 and protobuf 7.36. The weights of Darknet are written to
its format, and the reference is a forward pass in torch that follows Darknet's program; where OpenCV reads the file
too, it must agree. The weights of Caffe are written with protobuf by a part of Caffe's schema, and the reference is
OpenCV's `dnn.readNetFromCaffe`.

An input is ((37·k) mod 101)/101 − 0.5 at its k-th number. Files end in `.logits`, one number a line.
"""

import struct
from pathlib import Path

import cv2
import numpy
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from torch.nn import functional

HERE = Path(__file__).parent.parent / "fixtures" / "foreign" / "small"
RANDOM = numpy.random.default_rng(1)


def numbers(*shape):
    return RANDOM.normal(0, 0.5, shape).astype(numpy.float32)


def image(*shape):
    k = numpy.arange(int(numpy.prod(shape)), dtype=numpy.int64)
    return ((37 * k % 101) / 101 - 0.5).astype(numpy.float32).reshape(shape)


def save(name, logits):
    lines = [f"{float(number):.9g}" for number in numpy.asarray(logits).reshape(-1)]
    (HERE / f"{name}.logits").write_text("\n".join(lines) + "\n")


def agree(one, other, what):
    one, other = numpy.asarray(one).reshape(-1), numpy.asarray(other).reshape(-1)
    difference = numpy.abs(one - other).max() / numpy.abs(other).max()
    assert difference < 1e-4, (what, difference)
    print(f"{what}: {difference:.1e}")


# Darknet


def sections(text):
    found = []
    for line in text.splitlines():
        line = line.split("#")[0].replace(" ", "")
        if line.startswith("["):
            found.append((line.strip("[]"), {}))
        elif line:
            key, value = line.split("=")
            found[-1][1][key] = value
    return found


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": functional.relu,
    "leaky": lambda x: functional.leaky_relu(x, 0.1),
    "logistic": torch.sigmoid,
    "mish": functional.mish,
    "swish": functional.silu,
    "ramp": lambda x: x * (x > 0) + 0.1 * x,
    "relie": lambda x: functional.leaky_relu(x, 0.01),
    "revleaky": lambda x: functional.leaky_relu(x, 0.1),
    "loggy": lambda x: 2 / (1 + torch.exp(-x)) - 1,
    "selu": lambda x: torch.where(x >= 0, 1.0507 * x, 1.0507 * 1.6732 * (torch.exp(x) - 1)),
}


def max_pool(x, size, stride, padding):
    """Darknet's: `padding` pixels in all, the smaller half before; what lies outside is ignored."""
    before = padding // 2
    rows, columns = ((side + padding - size) // stride + 1 for side in x.shape[2:])
    out = torch.full((*x.shape[:2], rows, columns), -torch.inf)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride - before, j * stride - before
            window = x[:, :, max(top, 0) : top + size, max(left, 0) : left + size]
            out[:, :, i, j] = window.amax((2, 3))
    return out


def reorg(x, channels, rows, columns, stride, forward):
    """The loops of Darknet's program over an array that it takes for this many channels, rows and columns."""
    x, out = x.reshape(-1), torch.empty(x.numel())
    few = channels // stride**2
    for k in range(channels):
        for j in range(rows):
            for i in range(columns):
                here = i + columns * (j + rows * k)
                row, column = j * stride + k // few // stride, i * stride + k // few % stride
                there = column + columns * stride * (row + rows * stride * (k % few))
                if forward:
                    out[there] = x[here]
                else:
                    out[here] = x[there]
    return out


def darknet(name, version=(0, 2, 0), transposed=False):
    """Runs a cfg on weights that it draws, and writes both."""
    x = darknet_run(HERE / f"{name}.cfg", HERE / f"{name}.weights", version, transposed)
    save(name, x)
    return x


def darknet_run(cfg, weights, version=(0, 2, 0), transposed=False, gain=None):
    """What a cfg makes of weights that it draws and writes: of any size, or such that a layer keeps that of numbers."""
    parts = sections(cfg.read_text())
    net = parts[0][1]
    shape = [int(net[key]) for key in ("channels", "height", "width")]
    x = torch.tensor(image(1, *shape))
    written, outputs = [], []

    def kernel(*shape):
        return numbers(*shape) if gain is None else numbers(*shape) * float(2 * gain / numpy.prod(shape[1:])) ** 0.5

    if parts[1][0] == "crop":
        # The images are the windows already.
        x = torch.tensor(image(1, shape[0], *(int(parts[1][1][f"crop_{side}"]) for side in ("height", "width"))))
    for index, (kind, options) in enumerate(parts[1:]):
        whole = lambda key, usual: int(options.get(key, usual))
        act = lambda x: ACTIVATIONS[options.get("activation", "logistic")](x)
        at = lambda key: [int(i) if int(i) >= 0 else index + int(i) for i in options[key].split(",")]
        if kind == "convolutional":
            n, size, groups = whole("filters", 1), whole("size", 1), whole("groups", 1)
            padding = size // 2 if whole("pad", 0) else whole("padding", 0)
            bias, weight = numbers(n), kernel(n, x.shape[1] // groups, size, size)
            x = functional.conv2d(x, torch.tensor(weight), None, whole("stride", 1), padding, groups=groups)
            x, more = normal(x, bias, n) if whole("batch_normalize", 0) else (x + torch.tensor(bias)[:, None, None], [])
            written += [bias, *more, weight]
            x = act(x)
        elif kind == "connected":
            n = whole("output", 1)
            x = x.reshape(1, -1)
            bias, weight = numbers(n), kernel(n, x.shape[1])
            x = x @ torch.tensor(weight).T
            if whole("batch_normalize", 0):
                x, more = normal(x[:, :, None, None], bias, n)
                x = x.reshape(1, -1)
            else:
                x, more = x + torch.tensor(bias), []
            written += [bias, weight.T if transposed else weight, *more]
            x = act(x)
        elif kind == "maxpool":
            stride = whole("stride", 1)
            size = whole("size", stride)
            x = max_pool(x, size, stride, whole("padding", size - 1))
        elif kind == "avgpool":
            x = x.mean((2, 3), keepdim=True)
        elif kind in ("reorg", "reorg3d"):
            (channels, rows, columns), stride = x.shape[1:], whole("stride", 1)
            if whole("reverse", 0):
                sizes = (channels // stride**2, rows * stride, columns * stride)
            else:
                sizes = (channels * stride**2, rows // stride, columns // stride)
            # The later one is told the sizes of what it makes, the older one those of what it reads.
            told = sizes if kind == "reorg3d" else (channels, rows, columns)
            x = reorg(x, *told, stride, whole("reverse", 0)).reshape(1, *sizes)
        elif kind == "softmax":
            x = x / float(options.get("temperature", 1))
        elif kind == "upsample":
            x = functional.interpolate(x, scale_factor=whole("stride", 2), mode="nearest")
        elif kind == "route":
            groups, group = whole("groups", 1), whole("group_id", 0)
            x = torch.cat([outputs[i].chunk(groups, 1)[group] for i in at("layers")], 1)
        elif kind == "shortcut":
            other = outputs[at("from")[0]]
            stride = other.shape[2] // x.shape[2]
            other = other[:, :, ::stride, ::stride]
            channels = min(other.shape[1], x.shape[1])
            x = x.clone()
            x[:, :channels] += other[:, :channels]
            x = ACTIVATIONS[options.get("activation", "linear")](x)
        else:
            assert kind in ("crop", "dropout", "cost"), kind
        outputs.append(x)
    major, minor, revision = version
    seen = struct.pack("<Q" if 10 * major + minor >= 2 and major < 1000 else "<i", 32_000)
    with open(weights, "wb") as file:
        file.write(struct.pack("<iii", major, minor, revision) + seen)
        for array in written:
            file.write(numpy.ascontiguousarray(array, dtype="<f4").tobytes())
    return x


def normal(x, bias, n):
    scale, mean, variance = numbers(n), numbers(n), numpy.abs(numbers(n)) + 0.1
    column = lambda values: torch.tensor(values)[:, None, None]
    x = (x - column(mean)) / torch.sqrt(column(variance) + 1e-6)
    return x * column(scale) + column(bias), [scale, mean, variance]


def with_opencv(name):
    net = cv2.dnn.readNetFromDarknet(str(HERE / f"{name}.cfg"), str(HERE / f"{name}.weights"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    parts = sections((HERE / f"{name}.cfg").read_text())
    net.setInput(image(1, *(int(parts[0][1][key]) for key in ("channels", "height", "width"))))
    return net.forward()


# Caffe

SCHEMA = """
NetParameter name:1:string layers:2:V1LayerParameter* layer:100:LayerParameter*
LayerParameter name:1:string type:2:string bottom:3:string* top:4:string* blobs:7:BlobProto*
V1LayerParameter bottom:2:string* top:3:string* name:4:string type:5:int32 blobs:6:BlobProto*
BlobProto num:1:int32 channels:2:int32 height:3:int32 width:4:int32 data:5:float* shape:7:BlobShape double_data:8:double*
BlobShape dim:1:int64*
"""


def schema(messages=SCHEMA, of="NetParameter"):
    file = descriptor_pb2.FileDescriptorProto(name=f"{of}.proto", package="caffe", syntax="proto2")
    for line in messages.split("\n"):
        for place, word in enumerate(line.split()):
            if place == 0:
                message = file.message_type.add(name=word)
                continue
            name, number, kind = word.split(":")
            field = message.field.add(name=name, number=int(number))
            field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
            kind = kind.strip("*")
            if hasattr(field, f"TYPE_{kind.upper()}"):
                field.type = getattr(field, f"TYPE_{kind.upper()}")
                if field.label == field.LABEL_REPEATED and kind != "string":
                    field.options.packed = True
            else:
                field.type, field.type_name = field.TYPE_MESSAGE, f".caffe.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{of}"))


def caffemodel(path, blobs, old=()):
    """Writes a caffemodel with the arrays of each layer."""
    net = schema()(name=path.stem)
    for layer, arrays in blobs.items():
        message = net.layer.add(name=layer, type="Whatever")
        for array in arrays:
            blob = message.blobs.add(data=array.reshape(-1).tolist())
            if layer in old:
                sizes = (1,) * (4 - array.ndim) + array.shape
                blob.num, blob.channels, blob.height, blob.width = sizes
            else:
                blob.shape.dim.extend(array.shape)
    path.write_bytes(net.SerializeToString())


def caffe(name, blobs, old=(), reference=None):
    """Writes a caffemodel with the arrays of each layer, and the numbers that OpenCV makes of it, which must be those of
    the reference where there is one."""
    caffemodel(HERE / f"{name}.caffemodel", blobs, old)
    read = cv2.dnn.readNetFromCaffe(str(HERE / f"{name}.prototxt"), str(HERE / f"{name}.caffemodel"))
    read.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    dims = [int(word) for word in (HERE / f"{name}.prototxt").read_text().split("shape {")[1].split("}")[0].replace("dim:", "").split()]
    read.setInput(image(*dims))
    found = read.forward()
    if reference:
        agree(found, reference(torch.tensor(image(*dims)), blobs), f"{name}: OpenCV and torch")
    save(name, found)


def within(x, size, alpha, beta):
    """As Caffe makes a response norm within channels of its other layers."""
    mean = functional.avg_pool2d(x * x, size, 1, size // 2)
    return x * (1 + alpha * mean) ** -beta


def within_network(x, blobs):
    tensors = {name: [torch.tensor(array) for array in arrays] for name, arrays in blobs.items()}
    x = x * tensors["gain"][0][:, None, None]
    x = functional.conv2d(x, *tensors["conv1"], padding=1)
    x = functional.avg_pool2d(within(x, 3, 5, 0.75), 3, 2, ceil_mode=True)
    x = within(x, 7, 2, 0.5) - 0.5 * within(x, 1, 1, 1)
    x = 1.5 * ((1 + 0.5 * x) ** 2 - 1)
    x = functional.linear(x.flatten(1), *tensors["fc1"])
    x = x * tensors["features"][0] + tensors["features"][1]
    return functional.conv2d(x.reshape(1, 4, 2, 3), *tensors["conv2"]).flatten(1)


def weights_of(name):
    """Arrays for every layer of a prototxt that has some; the shapes are those that its numbers come to."""
    if name == "within":
        return {
            "gain": [numbers(3) + 1],
            "conv1": [numbers(8, 3, 3, 3), numbers(8)],
            "fc1": [numbers(24, 8 * 6 * 6), numbers(24)],
            "features": [numbers(24), numbers(24)],
            "conv2": [numbers(5, 4, 2, 3)],
        }
    return {
        "rich": {
            "conv1": [numbers(8, 3, 3, 3), numbers(8)],
            "bn1": [numbers(8), numpy.abs(numbers(8)) + 0.5, numpy.array([2.0], numpy.float32)],
            "scale1": [numbers(8), numbers(8)],
            "conv2/a": [numbers(8, 4, 3, 3)],
            "conv2/b": [numbers(4, 8, 1, 1), numbers(4)],
            "alone": [numbers(12), numbers(12)],
            "prelu": [numpy.abs(numbers(12))],
            "fc1": [numbers(10, 12 * 3 * 3), numbers(10)],
            "fc2": [numbers(5, 10), numbers(5)],
        },
        "older": {
            "conv1": [numbers(6, 1, 5, 5), numbers(6)],
            "ip1": [numbers(8, 6 * 4 * 4), numbers(8)],
            "ip2": [numbers(4, 8), numbers(4)],
        },
    }[name]


def main():
    for name, options in [
        ("plain", {}),
        ("pools", {}),
        ("joins", {"version": (0, 1, 0)}),
        ("matrix", {"version": (1001, 0, 0), "transposed": True}),
    ]:
        logits = darknet(name, **options)
        try:
            # OpenCV goes on to the probabilities.
            ends = "[softmax]" in (HERE / f"{name}.cfg").read_text()
            agree(with_opencv(name), logits.softmax(1) if ends else logits, f"{name}: OpenCV and torch")
        except cv2.error as error:
            print(f"{name}: OpenCV does not read it: {str(error).splitlines()[0][:100]}")
    caffe("rich", weights_of("rich"))
    caffe("older", weights_of("older"), old=("conv1", "ip1", "ip2"))
    caffe("within", weights_of("within"), reference=within_network)
    # OpenCV reads no such activations, and goes on to the probabilities.
    darknet("reorg")


if __name__ == "__main__":
    main()
