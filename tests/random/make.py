"""Draws the networks of cases.jsonl and asks PyTorch what it makes of them.

    pip install torch torchvision
    python tests/random/make.py

Made with PyTorch 2.15.0 and torchvision 0.29.2 on a CPU. Each line is an object:

- `network`: what archc reads, `input` and `layers`;
- `shapes`: the shape of every layer's output, one example's, in the order in which they are computed, up to the one that
  PyTorch refuses;
- `params` and `macs`: parameters without running statistics, and multiply-accumulates of one example as PyTorch's FLOP counter
  has them; or
- `refused`: what PyTorch says about the last layer.

Where archc is stricter than PyTorch on purpose, nothing is drawn: sums with broadcasting, `linear` on a map, padding and means of
vectors.
"""

import json
import pathlib
import random

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops import StochasticDepth

CASES = 1000
BATCH = 2


class Refused(Exception):
    """PyTorch does not compute this layer."""


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

# Those whose sizes matter come more often.
WEIGHTS = [6 if name in ("conv", "maxpool", "avgpool", "linear", "flatten") else 1 for name in LAYERS]

# Those that take maps and vectors.
ON_BOTH = {"bn", "gn", "ln", "dropout", "drop_path", "flatten", "slice", "identity", "relu", "relu6", "leaky_relu", "prelu", "elu",
           "sigmoid", "hardsigmoid", "tanh", "gelu", "silu", "hardswish", "mish", "softplus", "softmax"}


class Case:
    """A network while it is drawn."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.shapes, self.modules = [], nn.ModuleList()

    def note(self, x):
        self.shapes.append(list(x.shape[1:]))
        return x

    def run(self, make, *values):
        """What a module makes of the values; all that PyTorch raises counts as a refusal."""
        try:
            module = make().eval()
            y = module(*values)
        except (RuntimeError, ValueError, NotImplementedError, IndexError) as error:
            raise Refused(str(error).strip().splitlines()[0][:100]) from error
        self.modules.append(module)
        return self.note(y)

    def layer(self, items, x, strides):
        """Draws a layer, adds it to the items and its stride to the product, and applies it."""
        while True:
            name = self.r.choices(list(LAYERS), WEIGHTS)[0]
            try:
                words, make, *stride = LAYERS[name](self.r, x)
            except Skip:
                continue
            # Mistakes of this kind would be most of all.
            if (name == "linear") == (x.dim() == 4) and name not in ON_BOTH and self.r.random() < 0.95:
                continue
            items.append(" ".join([name, *words]))
            for a, b in stride:
                strides[0] *= a
                strides[1] *= b
            return self.run(make, x)

    def chain(self, items, x, most):
        strides = [1, 1]
        for _ in range(self.r.randint(1, most)):
            x = self.layer(items, x, strides)
        return x, strides

    def residual(self, items, x):
        item = {"residual": []}
        items.append(item)
        y, strides = self.chain(item["residual"], x, 3)
        shortcut = x
        if self.r.random() < 0.3:
            item["shortcut"] = "identity"
        elif x.shape != y.shape and x.dim() == y.dim() == 4:
            shortcut = self.run(lambda: nn.Conv2d(x.shape[1], y.shape[1], 1, strides, bias=False), x)
            shortcut = self.run(lambda: nn.BatchNorm2d(y.shape[1]), shortcut)
        # PyTorch's sum would broadcast.
        return self.run(lambda: Function(lambda a, b: torch.stack([a, b]).sum(0)), y, shortcut)

    def branches(self, items, x):
        merge = self.r.choice(["concat", "concat", "add", "mul"])
        item = {"branches": [], "merge": merge}
        items.append(item)
        ends = []
        for _ in range(self.r.randint(2, 3)):
            branch = []
            item["branches"].append(branch)
            ends.append(self.chain(branch, x, 2)[0])

        def multiply(*values):
            # PyTorch's product would broadcast also what is no 1×1 map.
            largest = max((value.shape[2:] for value in values), key=lambda sizes: sizes.numel())
            stretched = [v.expand(-1, -1, *largest) if v.shape[2:] == (1, 1) else v for v in values]
            return torch.stack(stretched).prod(0)

        together = {
            "concat": lambda *values: torch.cat(values, 1),
            "add": lambda *values: torch.stack(values).sum(0),
            "mul": multiply,
        }
        return self.run(lambda: Function(together[merge]), *ends)

    def draw(self):
        r = self.r
        sizes = [r.randint(1, 6), r.randint(1, 20), r.randint(1, 20)] if r.random() < 0.9 else [r.randint(1, 30)]
        items = []
        result = {"network": {"input": sizes, "layers": items}, "shapes": self.shapes}
        counter = FlopCounterMode(display=False)
        x = torch.randn(BATCH, *sizes)
        try:
            with torch.no_grad(), counter:
                for _ in range(r.randint(1, 6)):
                    kind = r.choices(["layer", "residual", "branches"], [9, 1, 1])[0]
                    x = self.layer(items, x, [1, 1]) if kind == "layer" else getattr(self, kind)(items, x)
        except Refused as refusal:
            result["refused"] = str(refusal)
            return result
        result["params"] = sum(p.numel() for p in self.modules.parameters())
        result["macs"] = counter.get_total_flops() // 2 // BATCH
        return result


def main():
    torch.manual_seed(0)
    with open(pathlib.Path(__file__).parent / "cases.jsonl", "w") as file:
        for seed in range(CASES):
            file.write(json.dumps(Case(seed).draw(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
