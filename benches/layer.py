"""Times one layer in PyTorch, or, without one, a matrix product and a copy. `layers.py` runs it, each time in a new
process.

Reads a request as JSON from standard input, answers as JSON on standard output.
"""

import json
import statistics
import sys
import time

import torch

import network

WARM_UP = 3


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(request["threads"])
    torch.manual_seed(0)
    print(json.dumps(passes(request) if "layer" in request else machine()))


def passes(request):
    """Seconds of forward and backward pass."""
    layer, shape = request["layer"], request["shape"]
    layout = torch.channels_last if request["channels_last"] else torch.contiguous_format
    flat = layer["kind"] == "linear"
    module = network.LAYERS[layer["kind"]](network.Call(layer["call"]), shape[1], layer["output"])
    images = torch.rand(shape[0], shape[1]) if flat else torch.rand(shape).to(memory_format=layout)
    module = module if flat else module.to(memory_format=layout)
    images.requires_grad_()
    gradient = torch.rand_like(module(images))
    forward, backward = [], []
    for _ in range(WARM_UP + request["steps"]):
        images.grad = None
        module.zero_grad(set_to_none=True)
        start = time.perf_counter()
        output = module(images)
        middle = time.perf_counter()
        output.backward(gradient)
        forward.append(middle - start)
        backward.append(time.perf_counter() - middle)
    return {"forward_s": statistics.median(forward[WARM_UP:]), "backward_s": statistics.median(backward[WARM_UP:])}


def machine():
    """What this machine can do at most, about."""
    size = 2048
    left, right, product = (torch.rand(size, size) for _ in range(3))
    source, target = torch.rand(1 << 26), torch.rand(1 << 26)
    multiplying = fastest(lambda: torch.mm(left, right, out=product))
    copying = fastest(lambda: target.copy_(source))
    return {"torch": torch.__version__, "gflops": 2 * size**3 / multiplying / 1e9,
            "gbytes": 2 * 4 * source.numel() / copying / 1e9}


def fastest(work):
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


main()
