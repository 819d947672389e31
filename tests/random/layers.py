"""How each layer of the random networks is drawn: its arguments as archc writes them, and the module of PyTorch that it
is.

A function takes a source of randomness and the layer's input, and returns the words of its arguments, what makes the
module, and the strides if it has any.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth


class Skip(Exception):
    """Not to be drawn here."""


def maps_only(x):
    if x.dim() != 4:
        raise Skip


def pair(r, low, high):
    """Notation and value of a size: a number, or two."""
    if r.random() < 0.75:
        n = r.randint(low, high)
        return str(n), (n, n)
    a, b = r.randint(low, high), r.randint(low, high)
    return f"{a}x{b}", (a, b)


def window(r, kernel, pool):
    """Notation and PyTorch's arguments of a window. A pool's padding is at most one more than it may be."""
    text, size = pair(r, 1, kernel)
    words, keys = [text], {"kernel_size": size, "stride": size if pool else (1, 1)}
    if r.random() < 0.6:
        text, keys["stride"] = pair(r, 1, 3)
        words.append(f"s{text}")
    if r.random() < 0.5:
        text, keys["padding"] = pair(r, 0, min(size) // 2 + (r.random() < 0.1) if pool else 3)
        words.append(f"p{text}")
    return words, keys


def conv(r, x, transposed=False):
    channels, out = x.shape[1], r.randint(1, 8)
    words, keys = window(r, 5, pool=False)
    words.insert(0, str(out))
    if r.random() < 0.2:
        text, keys["dilation"] = pair(r, 1, 3)
        words.append(f"d{text}")
    if r.random() < 0.3:
        keys["groups"] = r.choice([2, 2, 3, channels])
        words.append(f"g{keys['groups']}")
    if transposed and r.random() < 0.3:
        text, keys["output_padding"] = pair(r, 0, 2)
        words.append(f"output_padding={text}")
    if r.random() < 0.4:
        keys["bias"] = False
        words.append("bias=false")
    if r.random() < 0.15:
        channels = r.choice([channels, channels, channels + 1])
        words.append(f"in={channels}")
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    strides = keys["stride"] if not transposed else (1, 1)
    return words, lambda: kind(channels, out, **keys), strides


def depthwise(r, x):
    channels, multiplier = x.shape[1], r.choice([1, 1, 2, 3])
    words, keys = window(r, 5, pool=False)
    if multiplier > 1:
        words.append(f"multiplier={multiplier}")
    return words, lambda: nn.Conv2d(channels, channels * multiplier, groups=channels, **keys), keys["stride"]


def maxpool(r, x):
    words, keys = window(r, 4, pool=True)
    if r.random() < 0.2:
        text, keys["dilation"] = pair(r, 1, 2)
        words.append(f"d{text}")
    if r.random() < 0.3:
        keys["ceil_mode"] = True
        words.append("ceil")
    return words, lambda: nn.MaxPool2d(**keys), keys["stride"]


def avgpool(r, x):
    words, keys = window(r, 4, pool=True)
    if r.random() < 0.3:
        keys["ceil_mode"] = True
        words.append("ceil")
    if r.random() < 0.3:
        keys["count_include_pad"] = False
        words.append("count_include_pad=false")
    return words, lambda: nn.AvgPool2d(**keys), keys["stride"]


def adaptive(kind):
    def draw(r, x):
        text, size = pair(r, 1, 9)
        if size == (1, 1):
            maps_only(x)
        return [text], lambda: kind(size)
    return draw


def whole(kind):
    def draw(r, x):
        maps_only(x)
        return [], lambda: kind(1)
    return draw


def linear(r, x):
    features, out = x[0].numel(), r.randint(1, 12)
    if x.dim() == 4 and x.shape[1] * x.shape[2] == 1:
        raise Skip
    words, bias = [str(out)], r.random() < 0.7
    if not bias:
        words.append("bias=false")
    if r.random() < 0.2:
        features = r.choice([features, features, features + 1])
        words.append(f"in={features}")
    return words, lambda: nn.Linear(features, out, bias=bias)


def batch_norm(r, x):
    kind = nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d
    affine = r.random() < 0.8
    return [] if affine else ["affine=false"], lambda: kind(x.shape[1], affine=affine)


def group_norm(r, x):
    groups, affine = r.choice([1, 2, 3, x.shape[1]]), r.random() < 0.7
    words = [str(groups)] + ["affine=false"] * (not affine)
    return words, lambda: nn.GroupNorm(groups, x.shape[1], affine=affine)


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def layer_norm(r, x):
    if r.random() < 0.5:
        return ["channels"], lambda: ChannelNorm(x.shape[1])
    return [], lambda: nn.LayerNorm(x.shape[1:])


def lrn(r, x):
    size = r.randint(1, 6)
    return [str(size)], lambda: nn.LocalResponseNorm(size)


def prelu(r, x):
    each = r.random() < 0.5
    return ["channels"] * each, lambda: nn.PReLU(x.shape[1] if each else 1)


def channel_shuffle(r, x):
    maps_only(x)
    groups = r.choice([1, 2, 3, x.shape[1]])
    return [str(groups)], lambda: nn.ChannelShuffle(groups)


def pixels(module):
    def draw(r, x):
        maps_only(x)
        factor = r.choice([1, 2, 2, 3])
        return [str(factor)], lambda: module(factor)

    return draw


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *values):
        return self.function(*values)


def pad(r, x):
    maps_only(x)
    text, (down, across) = pair(r, 0, 4)
    mode = r.choice(["constant", "reflect", "replicate"])
    words = [text] + [mode] * (mode != "constant")
    return words, lambda: Function(lambda x: F.pad(x, (across, across, down, down), mode=mode))


def upsample(r, x):
    mode = r.choice(["nearest", "bilinear"])
    words = [mode] * (mode == "bilinear")
    if r.random() < 0.3:
        text, size = pair(r, 1, 12)
        return [f"size={text}"] + words, lambda: nn.Upsample(size=size, mode=mode)
    scale = r.choice([1, 2, 3, 1.5, 0.5, 0.3])
    return [str(scale)] + words, lambda: nn.Upsample(scale_factor=scale, mode=mode)


def crop(r, x):
    maps_only(x)
    if r.random() < 0.6:
        text, (rows, columns) = pair(r, 1, 12)
        # torchvision's would put zeros around what is too small.
        middle = lambda x, axis, size: x.narrow(axis, round((x.shape[axis] - size) / 2), size)
        return [text], lambda: Function(lambda x: middle(middle(x, 2, rows), 3, columns))
    sides = {key: r.randint(0, 4) for key in r.sample(["top", "bottom", "left", "right"], r.randint(1, 4))}
    top, bottom, left, right = (sides.get(key, 0) for key in ["top", "bottom", "left", "right"])
    inner = lambda x, axis, before, behind: x.narrow(axis, before, x.shape[axis] - before - behind)
    words = [f"{key}={size}" for key, size in sides.items()]
    return words, lambda: Function(lambda x: inner(inner(x, 2, top, bottom), 3, left, right))


def take(r, x):
    start = r.randint(0, 4)
    if r.random() < 0.3:
        return [str(start)], lambda: Function(lambda x: x.narrow(1, start, max(x.shape[1] - start, 1)))
    end = start + r.randint(1, 5)
    return [str(start), str(end)], lambda: Function(lambda x: x.narrow(1, start, end - start))


def with_argument(kind, values):
    """A layer whose argument changes no shape."""
    def draw(r, x):
        value = r.choice(values)
        return [str(value)], lambda: kind(value)
    return draw


def plain(kind):
    return lambda r, x: ([], kind)


LAYERS = {
    "conv": conv,
    "conv_transpose": lambda r, x: conv(r, x, transposed=True),
    "depthwise": depthwise,
    "maxpool": maxpool,
    "avgpool": avgpool,
    "adaptive_avgpool": adaptive(nn.AdaptiveAvgPool2d),
    "adaptive_maxpool": adaptive(nn.AdaptiveMaxPool2d),
    "global_avgpool": whole(nn.AdaptiveAvgPool2d),
    "global_maxpool": whole(nn.AdaptiveMaxPool2d),
    "bn": batch_norm,
    "gn": group_norm,
    "ln": layer_norm,
    "lrn": lrn,
    "linear": linear,
    "dropout": with_argument(nn.Dropout, [0, 0.3, 1]),
    "drop_path": with_argument(lambda p: StochasticDepth(p, "row"), [0, 0.3]),
    "flatten": plain(nn.Flatten),
    "pad": pad,
    "upsample": upsample,
    "slice": take,
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": pixels(nn.PixelShuffle),
    "pixel_unshuffle": pixels(nn.PixelUnshuffle),
    "identity": plain(nn.Identity),
    "relu": plain(nn.ReLU),
    "relu6": plain(nn.ReLU6),
    "leaky_relu": with_argument(nn.LeakyReLU, [0.01, 0.2]),
    "prelu": prelu,
    "elu": with_argument(nn.ELU, [1, 0.5]),
    "sigmoid": plain(nn.Sigmoid),
    "hardsigmoid": plain(nn.Hardsigmoid),
    "tanh": plain(nn.Tanh),
    "gelu": plain(nn.GELU),
    "silu": plain(nn.SiLU),
    "hardswish": plain(nn.Hardswish),
    "mish": plain(nn.Mish),
    "softplus": plain(nn.Softplus),
    "softmax": plain(lambda: nn.Softmax(dim=1)),
}


class Scale(nn.Module):
    def __init__(self, sizes, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(sizes))
        self.bias = nn.Parameter(torch.zeros(sizes)) if bias else 0

    def forward(self, x):
        return x * self.weight + self.bias


def scale(r, x):
    words = [word for word in ["map", "bias"] if r.random() < 0.4]
    if "map" in words:
        maps_only(x)
    sizes = (x.shape[1],) + (1,) * (x.dim() - 2)
    return words, lambda: Scale(sizes, "bias" in words)


class ChannelLinear(nn.Linear):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def channel_linear(r, x):
    maps_only(x)
    out, bias = r.randint(1, 12), r.random() < 0.7
    return [str(out), "channels"] + ["bias=false"] * (not bias), lambda: ChannelLinear(x.shape[1], out, bias=bias)


def softmax(r, x):
    groups = r.choice([1, 1, 2, 3, x.shape[1]])
    words = [] if groups == 1 else [f"g{groups}"]
    return words, lambda: Function(lambda x: x.unflatten(1, (groups, -1)).softmax(2).flatten(1, 2))


def multiple(r, x):
    factor = r.choice([0.17, -1, 3])
    return [str(factor)], lambda: Function(lambda x: x * factor)


def power(r, x):
    exponent, scale, shift = r.choice([1, 2]), r.choice([0.1, -0.3]), r.choice([0, 0.5])
    words = [str(exponent), f"scale={scale}"] + [f"shift={shift}"] * (shift != 0)
    return words, lambda: Function(lambda x: (x * scale + shift) ** exponent)


def unflatten(r, x):
    """Mostly sizes that take every feature."""
    if x.dim() == 4:
        raise Skip
    features = x.shape[1]
    channels = r.choice([number for number in range(1, features + 1) if features % number == 0])
    rows = r.choice([number for number in range(1, features // channels + 1) if features // channels % number == 0])
    sizes = [channels, rows, features // channels // rows]
    if r.random() < 0.1:
        sizes[r.randrange(3)] += 1
    channels, rows, columns = sizes
    return [str(channels), f"{rows}x{columns}"], lambda: nn.Unflatten(1, sizes)


def of_channels(function):
    def draw(r, x):
        maps_only(x)
        return [], lambda: Function(function)

    return draw


# Those that came later: only the second thousand has them.
LATER = {
    "scale": scale,
    "linear": channel_linear,
    "softmax": softmax,
    "mul": multiple,
    "channel_mean": of_channels(lambda x: x.mean(1, keepdim=True)),
    "channel_max": of_channels(lambda x: x.amax(1, keepdim=True)),
    "power": power,
    "unflatten": unflatten,
    "crop": crop,
}



def drawn(later):
    """What is drawn, each with how to do that and how often: those whose sizes matter more often."""
    often = ("conv", "maxpool", "avgpool", "linear", "flatten")
    first = [(name, draw, 6 if name in often else 1) for name, draw in LAYERS.items()]
    return first + [(name, draw, 3) for name, draw in LATER.items()] * later


# Those that take maps and vectors.
ON_BOTH = {"bn", "gn", "ln", "dropout", "drop_path", "flatten", "slice", "identity", "relu", "relu6", "leaky_relu", "prelu", "elu",
           "sigmoid", "hardsigmoid", "tanh", "gelu", "silu", "hardswish", "mish", "softplus", "softmax", "scale", "mul", "power"}
