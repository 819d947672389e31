"""Times a network's training step, or its inference, in PyTorch. `pytorch.py` runs it, each time in a new process.

Reads a request as JSON from standard input, answers as JSON on standard output.
"""

import json
import resource
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
    described, batch = request["network"], request["batch"]
    layout = torch.channels_last if request["channels_last"] else torch.contiguous_format
    model = network.Network(described).to(memory_format=layout)
    images = torch.rand(batch, *described["input"])
    if images.dim() == 4:
        images = images.to(memory_format=layout)
    step = inference(model, images) if request["inference"] else training(model, images, described["layers"][-1]["output"][0])
    seconds = []
    for _ in range(WARM_UP + request["steps"]):
        clock = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - clock)
    print(json.dumps({"step_s": statistics.median(seconds[WARM_UP:]), "peak_rss_mb": peak_memory(), "torch": torch.__version__}))


def training(model, images, classes):
    labels = torch.arange(len(images)) % classes
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    model.train()

    def step():
        optimizer.zero_grad(set_to_none=True)
        network.loss(model(images), labels).backward()
        optimizer.step()

    return step


def inference(model, images):
    model.eval()

    def step():
        with torch.inference_mode():
            model(images)

    return step


def peak_memory():
    """In MB of 1,048,576 bytes."""
    try:
        with open("/proc/self/status", encoding="utf-8") as table:
            line = next(line for line in table if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


main()
