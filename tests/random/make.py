"""Draws the networks of cases.jsonl, and of more.jsonl with the layers that came later, and asks PyTorch what it makes
of them.

    pip install torch torchvision
    python tests/random/make.py

Made with PyTorch 2.15.0 and torchvision 0.29.2 on a CPU. Each line is an object:

- `network`: what archc reads, `input` and `layers`;
- `shapes`: the shape of every layer's output, one example's, in the order in which they are computed, up to the one
  that PyTorch refuses;
- `params` and `macs`: parameters without running statistics, and multiply-accumulates of one example as PyTorch's FLOP
  counter has them; or
- `refused`: what PyTorch says about the last layer.

Where archc is stricter than PyTorch on purpose, nothing is drawn: sums with broadcasting, `linear` on a map, padding
and means of vectors.
"""

import functools
import json
import pathlib
import random

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from layers import ON_BOTH, Function, Skip, drawn

CASES = 1000
BATCH = 2


class Refused(Exception):
    """PyTorch does not compute this layer."""


class Case:
    """A network while it is drawn."""

    def __init__(self, seed, later):
        self.r, self.later = random.Random(seed), later
        self.kinds = drawn(later)
        self.weights = [weight for _, _, weight in self.kinds]
        self.shapes, self.modules = [], nn.ModuleList()
        self.is_finite = True

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
            name, draw, _ = self.r.choices(self.kinds, self.weights)[0]
            try:
                words, make, *stride = draw(self.r, x)
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
        merge = self.r.choice(["concat", "concat", "add", "mul"] + ["sub", "mean", "max"] * self.later)
        item = {"branches": [], "merge": merge}
        items.append(item)
        ends = []
        for _ in range(self.r.randint(2, 3)):
            branch = []
            item["branches"].append(branch)
            ends.append(self.chain(branch, x, 2)[0])

        def multiply(*values):
            # PyTorch's product would broadcast also vectors.
            if any(value.dim() != 4 for value in values):
                return torch.stack(values).prod(0)
            return functools.reduce(torch.mul, values)

        together = {
            "concat": lambda *values: torch.cat(values, 1),
            "add": lambda *values: torch.stack(values).sum(0),
            "mul": multiply,
            "sub": lambda first, *others: first - torch.stack([torch.zeros_like(first), *others]).sum(0),
            "mean": lambda *values: torch.stack(values).mean(0),
            "max": lambda *values: torch.stack(values).amax(0),
        }
        x = self.run(lambda: Function(together[merge]), *ends)
        # archc has a layer for each part of them.
        parts = {"sub": len(ends), "mean": 2, "max": len(ends) - 1}
        for _ in range(1, parts.get(merge, 1)):
            self.note(x)
        return x

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
        self.is_finite = bool(x.isfinite().all())
        result["params"] = sum(p.numel() for p in self.modules.parameters())
        result["macs"] = counter.get_total_flops() // 2 // BATCH
        return result


def main():
    torch.manual_seed(0)
    for name, first in [("cases.jsonl", 0), ("more.jsonl", CASES)]:
        with open(pathlib.Path(__file__).parent / name, "w") as file:
            for seed in range(first, first + CASES):
                case = Case(seed, later=first > 0)
                drawn = case.draw()
                # A window of a max pool that lies in the padding alone holds no number.
                if not case.is_finite:
                    drawn = Case(seed + 2 * CASES, later=first > 0).draw()
                file.write(json.dumps(drawn, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
