#!/usr/bin/env python3
"""archc against PyTorch, one layer at a time, forward and backward.

    python3 benches/layers.py                                   the layers of the usual networks
    python3 benches/layers.py "64x64x32x32 conv 64 3x3 p1"      one of your own: N×C×H×W, then the layer

Beside the times stand the rate of the arithmetic, its share of the rate of PyTorch's product of two 2048×2048 matrices
on as many threads, and the bytes that must be moved (inputs, outputs and weights, each once) per second, to be compared
with the rate of a large copy. PyTorch's better memory layout counts.
"""

import argparse
import json
import math
import statistics
import tempfile
from pathlib import Path

import environment

LAYERS = [
    "100x1x28x28 conv 16 5x5 p2",
    "100x16x14x14 conv 32 5x5 p2",
    "64x3x32x32 conv 64 3x3 p1 bias=false",
    "64x64x32x32 conv 64 3x3 p1 bias=false",
    "64x128x16x16 conv 128 3x3 p1 bias=false",
    "64x256x8x8 conv 256 3x3 p1 bias=false",
    "64x512x4x4 conv 512 3x3 p1 bias=false",
    "64x64x32x32 conv 128 3x3 s2 p1 bias=false",
    "16x256x32x32 conv 64 1x1 bias=false",
    "16x64x32x32 conv 256 1x1 bias=false",
    "16x3x227x227 conv 96 11x11 s4",
    "2x64x224x224 conv 64 3x3 p1",
    "8x96x112x112 conv 96 3x3 s2 p1 g96 bias=false",
    "8x192x28x28 conv 192 3x3 p1 g192 bias=false",
    "64x512x1x1 linear 4096",
    "16x9216x1x1 linear 4096",
    "64x64x32x32 bn",
    "16x256x32x32 bn",
    "64x64x32x32 relu",
    "64x64x32x32 gelu",
    "64x64x32x32 silu",
    "64x64x32x32 maxpool 2x2 s2",
    "16x96x55x55 maxpool 3x3 s2",
    "64x64x32x32 avgpool 2",
    "16x2048x7x7 adaptive_avgpool 1",
    "16x96x55x55 lrn 5 alpha=1e-4 beta=0.75 k=2",
]

RUN_SECONDS = 1.0
STEPS = (5, 300)
QUICK_STEPS = 3


def main():
    options = parse()
    archc, python = environment.archc(options.binary), environment.python(options.venv)
    machine = environment.in_torch(python, "layer.py", {"threads": options.threads}, options.threads)
    print(environment.machine(options.threads))
    print(f"PyTorch {machine['torch']}: matrix product {machine['gflops']:.0f} GFLOP/s, copy {machine['gbytes']:.1f} GB/s\n")
    print(HEAD, flush=True)
    rows = []
    for text in options.layers or LAYERS:
        if options.only and not any(name in text for name in options.only):
            continue
        for row in measure(archc, python, text, options):
            rows.append(row)
            print(line(row, machine), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "layers": rows}, indent=1) + "\n", encoding="utf-8")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", metavar="LAYER", help="such as \"64x64x32x32 conv 64 3x3 p1\"")
    environment.arguments(parser)
    return parser.parse_args()


def measure(archc, python, text, options):
    """A row for the forward and one for the backward pass."""
    shape, _, call = text.partition(" ")
    batch, *sizes = map(int, shape.split("x"))
    runs = {"archc": [], "contiguous": [], "channels_last": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.yaml"
        path.write_text(network(sizes, call), encoding="utf-8")

        def ours(steps):
            command = ["bench", path, "--batch", batch, "--threads", options.threads, "--steps", steps, "--profile"]
            answer, refused = environment.in_archc(archc, *command)
            if refused:
                raise SystemExit(f"{text}: {refused}")
            return next(layer for layer in answer["profile"]["layers"] if layer["name"] == "measured")

        first = ours(QUICK_STEPS)
        usual = round(RUN_SECONDS / max(first["forward_s"] + first["backward_s"], 1e-6))
        steps = QUICK_STEPS if options.quick else min(max(usual, STEPS[0]), STEPS[1])
        described, _ = environment.in_archc(archc, "check", path)
        layer = next(layer for layer in described["layers"] if layer["name"] == "measured")
        for _ in range(1 if options.quick else options.rounds):
            runs["archc"].append(ours(steps))
            for layout in ("contiguous", "channels_last"):
                request = {"threads": options.threads, "shape": [batch, *sizes], "layer": layer, "steps": steps,
                           "channels_last": layout == "channels_last"}
                runs[layout].append(environment.in_torch(python, "layer.py", request, options.threads))
    moved = {"forward": batch * (math.prod(sizes) + math.prod(layer["output"])) + layer["params"]}
    moved["backward"] = batch * (2 * math.prod(sizes) + math.prod(layer["output"])) + 2 * layer["params"]
    for step in ("forward", "backward"):
        own, *theirs = (statistics.median(run[f"{step}_s"] for run in side) for side in runs.values())
        yield {"layer": text, "pass": step, "archc_s": own, "pytorch_s": min(theirs), "ratio": own / min(theirs) if own else 0.0,
               "flops": first[f"{step}_flops"], "bytes": 4 * moved[step]}


def network(sizes, call):
    """The layer behind one with weights, so that its input needs a gradient, and away from what it could be fused
    with."""
    flat = "flatten -> " if call.startswith("linear") else ""
    rest = "" if flat else "adaptive_avgpool 1 -> flatten -> "
    size = "x".join(map(str, sizes))
    return f"input: {size}\nclasses: 10\nlayers: [\"bn -> avgpool 1 -> {flat}{call} as measured -> {rest}linear 10\"]\n"


HEAD = f"{'layer':<46}{'pass':<10}{'archc':>10}{'PyTorch':>11}{'ratio':>7}{'GFLOP/s':>9}{'of product':>11}{'GB/s':>7}{'of copy':>9}"


def line(row, machine):
    # What takes no time at all is not computed: an identity.
    seconds = row["archc_s"] or math.inf
    gflops, gbytes = row["flops"] / seconds / 1e9, row["bytes"] / seconds / 1e9
    arithmetic = f"{gflops:>9.0f}{100 * gflops / machine['gflops']:>9.0f} %" if row["flops"] else " " * 20
    return (f"{row['layer']:<46}{row['pass']:<10}{1e3 * row['archc_s']:>7.2f} ms{1e3 * row['pytorch_s']:>8.2f} ms{row['ratio']:>7.2f}"
            f"{arithmetic}{gbytes:>7.1f}{100 * gbytes / machine['gbytes']:>7.0f} %")


main()
