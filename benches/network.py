"""A torch module out of what `archc check --format json` says about a network.

It is written as one writes PyTorch: activations in place where autograd allows it, and values dropped after their last
use. So it needs no more memory than a hand-written module.
"""

import re

import torch
from torch import nn
from torch.nn import functional as F

# What archc abbreviates: s2, p1, g32, d2.
SHORTHANDS = {"s": "stride", "p": "padding", "g": "groups", "d": "dilation"}

# Layers whose output nobody needs for the backward pass, so that what follows may overwrite it.
FREE_OUTPUT = {"conv", "bn", "linear", "add"}


class Call:
    """`conv 64 3x3 s2 p1 bias=false`, taken apart."""

    def __init__(self, text):
        self.name, *words = text.split()
        self.positional, self.named = [], {}
        for word in words:
            shorthand = re.fullmatch(r"([spgd])(\d+(?:x\d+)?)", word)
            if shorthand:
                self.named[SHORTHANDS[shorthand[1]]] = value(shorthand[2])
            elif "=" in word:
                key, _, text = word.partition("=")
                self.named[key] = value(text)
            elif re.match(r"[-+.\d]", word):
                self.positional.append(value(word))
            else:
                self.named[word] = True

    def get(self, key, place=None, default=None):
        """The argument `key`, or the one at this place among those without a key."""
        if place is not None and place < len(self.positional):
            return self.positional[place]
        return self.named.get(key, default)


def value(text):
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"\d+x\d+", text):
        return tuple(int(side) for side in text.split("x"))
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


def conv(call, channels, _):
    return nn.Conv2d(
        channels,
        call.get("out", 0),
        call.get("kernel", 1),
        stride=call.get("stride", default=1),
        padding=call.get("padding", default=0),
        dilation=call.get("dilation", default=1),
        groups=call.get("groups", default=1),
        bias=call.get("bias", default=True),
    )


def linear(call, features, output):
    kind = nn.Linear if len(output) == 1 else ChannelLinear
    return kind(features, call.get("out", 0), bias=call.get("bias", default=True))


def batch_norm(call, channels, output):
    kind = nn.BatchNorm2d if len(output) == 3 else nn.BatchNorm1d
    return kind(channels, eps=call.get("eps", default=1e-5), momentum=call.get("momentum", default=0.1))


def max_pool(call, _, __):
    kernel = call.get("kernel", 0)
    return nn.MaxPool2d(
        kernel,
        stride=call.get("stride", default=kernel),
        padding=call.get("padding", default=0),
        dilation=call.get("dilation", default=1),
        ceil_mode=call.get("ceil", default=False),
    )


def avg_pool(call, _, __):
    kernel = call.get("kernel", 0)
    return nn.AvgPool2d(
        kernel,
        stride=call.get("stride", default=kernel),
        padding=call.get("padding", default=0),
        ceil_mode=call.get("ceil", default=False),
        count_include_pad=call.get("count_include_pad", default=True),
    )


def local_response_norm(call, _, __):
    constants = {key: call.named[key] for key in ("alpha", "beta", "k") if key in call.named}
    return nn.LocalResponseNorm(call.get("size", 0), **constants)


class Function(nn.Module):
    """What PyTorch has no module for."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


def pad(call, _, __):
    def pair(size):
        return size if isinstance(size, tuple) else (size, size)

    across, down = reversed(pair(call.get("size", 0, 0)))
    sides = [call.get("left", default=across), call.get("right", default=across),
             call.get("top", default=down), call.get("bottom", default=down)]
    mode = next((mode for mode in ("reflect", "replicate") if call.get(mode)), "constant")
    if mode == "constant":
        sides += pair(call.get("channels", default=0))
    return Function(lambda x: F.pad(x, sides, mode=mode))


def conv_transpose(call, channels, _):
    keys = ("stride", "padding", "output_padding", "groups", "bias", "dilation")
    return nn.ConvTranspose2d(channels, call.get("out", 0), call.get("kernel", 1),
                              **{key: call.named[key] for key in keys if key in call.named})


def depthwise(call, channels, _):
    keys = ("stride", "padding", "dilation", "bias")
    return nn.Conv2d(channels, channels * call.get("multiplier", default=1), call.get("kernel", 0), groups=channels,
                     **{key: call.named[key] for key in keys if key in call.named})


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each position."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def layer_norm(call, channels, output):
    eps, affine = call.get("eps", default=1e-5), call.get("affine", default=True)
    if call.get("channels"):
        return ChannelNorm(channels, eps, affine)
    return nn.LayerNorm(output, eps, affine)


class DropPath(nn.Module):
    """Stochastic depth by example, as torchvision.ops.StochasticDepth's mode `row`."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        survives = torch.rand(x.shape[0], *[1] * (x.dim() - 1), device=x.device) >= self.p
        return x * (survives / (1 - self.p))


class ChannelLinear(nn.Linear):
    """Linear over the channels of each position."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Scale(nn.Module):
    """A factor, and perhaps a summand, for each channel."""

    def __init__(self, channels, dims, call):
        super().__init__()
        shape = (channels, *[1] * (dims - 1))
        self.weight = nn.Parameter(torch.full(shape, float(call.get("init", default=1.0))))
        self.bias = nn.Parameter(torch.zeros(shape)) if call.get("bias") else None

    def forward(self, x):
        x = x * self.weight
        return x if self.bias is None else x + self.bias


class GroupedSoftmax(nn.Module):
    """Over each group of channels."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        return x.unflatten(1, (self.groups, -1)).softmax(2).flatten(1, 2)


def upsample(call, _, output):
    if not call.get("bilinear"):
        return nn.Upsample(size=tuple(output[1:]))
    return nn.Upsample(size=tuple(output[1:]), mode="bilinear", align_corners=bool(call.get("align_corners")))


def cut(call, _, output):
    start = call.get("start", 0, 0)
    return Function(lambda x: x[:, start:start + output[0]])


# Layers of one input: what each becomes, given its call, its input's channels and its output's sizes.
LAYERS = {
    "conv": conv,
    "linear": linear,
    "bn": batch_norm,
    "maxpool": max_pool,
    "avgpool": avg_pool,
    "global_avgpool": lambda call, _, __: nn.AdaptiveAvgPool2d(1),
    "global_maxpool": lambda call, _, __: nn.AdaptiveMaxPool2d(1),
    "identity": lambda call, _, __: nn.Identity(),
    "pad": pad,
    "channel_shuffle": lambda call, _, __: nn.ChannelShuffle(call.get("groups", 0)),
    "channel_mean": lambda call, _, __: Function(lambda x: x.mean(1, keepdim=True)),
    "channel_max": lambda call, _, __: Function(lambda x: x.amax(1, keepdim=True)),
    "depthwise": depthwise,
    "conv_transpose": conv_transpose,
    "gn": lambda call, channels, _: nn.GroupNorm(call.get("groups", 0), channels, call.get("eps", default=1e-5),
                                                 call.get("affine", default=True)),
    "ln": layer_norm,
    "drop_path": lambda call, _, __: DropPath(call.get("p", 0)),
    "upsample": upsample,
    "slice": cut,
    "scale": lambda call, channels, output: Scale(channels, len(output), call),
    "prelu": lambda call, channels, _: nn.PReLU(channels if call.get("channels") else 1, call.get("init", default=0.25)),
    "elu": lambda call, _, __: nn.ELU(call.get("alpha", 0, 1.0)),
    "softplus": lambda call, _, __: nn.Softplus(call.get("beta", default=1.0), call.get("threshold", default=20.0)),
    "mish": lambda call, _, __: nn.Mish(),
    "adaptive_maxpool": lambda call, _, output: nn.AdaptiveMaxPool2d(tuple(output[1:])),
    "adaptive_avgpool": lambda call, _, output: nn.AdaptiveAvgPool2d(output[1:]),
    "mul": lambda call, _, __: Function(lambda x, factor=call.get("factor", 0): x * factor),
    "lrn": local_response_norm,
    "dropout": lambda call, _, __: nn.Dropout(call.get("p", 0, 0.5)),
    "flatten": lambda call, _, __: nn.Flatten(),
    "unflatten": lambda call, _, output: nn.Unflatten(1, tuple(output)),
    "power": power,
    "softmax": lambda call, _, __: GroupedSoftmax(call.get("groups", default=1)),
    "relu": lambda call, _, __: nn.ReLU(),
    "relu6": lambda call, _, __: nn.ReLU6(),
    "leaky_relu": lambda call, _, __: nn.LeakyReLU(call.get("slope", 0, 0.01)),
    "sigmoid": lambda call, _, __: nn.Sigmoid(),
    "tanh": lambda call, _, __: nn.Tanh(),
    "gelu": lambda call, _, __: nn.GELU(),
    "silu": lambda call, _, __: nn.SiLU(),
    "hardswish": lambda call, _, __: nn.Hardswish(),
    "hardsigmoid": lambda call, _, __: nn.Hardsigmoid(),
}


class Join(nn.Module):
    """Layers of several inputs."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.inplace = False

    def forward(self, *inputs):
        if self.kind == "concat":
            return torch.cat(inputs, dim=1)
        first, *rest = inputs
        for other in rest:
            if self.kind == "mul":
                first = first * other
            elif self.kind == "max":
                first = torch.maximum(first, other)
            elif self.inplace:
                first += other
            else:
                first = first + other
        return first


class Network(nn.Module):
    """Runs the layers in order, each on the values that it names."""

    def __init__(self, described):
        super().__init__()
        layers = described["layers"]
        channels = {"input": described["input"][0]} | {layer["name"]: layer["output"][0] for layer in layers}
        kinds = {layer["name"]: layer["kind"] for layer in layers}
        last_use = {name: index for index, layer in enumerate(layers) for name in layer["inputs"]}
        readers = [name for layer in layers for name in layer["inputs"]]
        self.steps = []
        modules = []
        for index, layer in enumerate(layers):
            kind, inputs = layer["kind"], layer["inputs"]
            if kind in ("add", "mul", "max", "concat") and len(inputs) > 1:
                module = Join(kind)
            elif kind in LAYERS:
                module = LAYERS[kind](Call(layer["call"]), channels[inputs[0]], layer["output"])
            else:
                raise SystemExit(f"benches/network.py knows no PyTorch module for `{kind}`")
            if hasattr(module, "inplace"):
                first = inputs[0]
                module.inplace = readers.count(first) == 1 and kinds.get(first) in FREE_OUTPUT
            modules.append(module)
            dead = [name for name in set(inputs) if last_use[name] == index]
            self.steps.append((module, inputs, layer["name"], dead))
        self.layers = nn.ModuleList(modules)
        self.output = layers[-1]["name"]
        count = sum(parameter.numel() for parameter in self.parameters())
        if count != described["total"]["params"]:
            raise SystemExit(f"PyTorch's {count} parameters are not archc's {described['total']['params']}")

    def forward(self, images):
        values = {"input": images}
        for module, inputs, name, dead in self.steps:
            values[name] = module(*[values[input] for input in inputs])
            for input in dead:
                del values[input]
        return values[self.output]


def loss(logits, labels):
    return F.cross_entropy(logits, labels)
