"""Times a network's training step in PyTorch on a GPU. `gpu.py` runs it, each time in a new process.

Reads a request as JSON from standard input, answers as JSON on standard output.
"""

import json
import statistics
import sys
import time

import torch

import network

WARM_UP = 5
# A compiled module is made in the first steps.
WARM_UP_COMPILED = 10


def main():
    request = json.load(sys.stdin)
    described, batch, dtype = request["network"], request["batch"], request["dtype"]
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
    layout = torch.channels_last if request["channels_last"] else torch.contiguous_format
    model = network.Network(described).cuda().to(memory_format=layout)
    images = torch.rand(batch, *described["input"]).cuda().to(memory_format=layout)
    labels = (torch.arange(batch) % described["layers"][-1]["output"][0]).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)
    model.train()
    forward = torch.compile(model) if request["compile"] else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=dtype == "bf16"):
            loss = network.loss(forward(images), labels)
        loss.backward()
        optimizer.step()

    # Groups of steps, so that waiting for the device does not count in each of them.
    seconds, group = [], request["group"]
    for _ in range(WARM_UP_COMPILED if request["compile"] else WARM_UP):
        step()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(request["groups"]):
        clock = time.perf_counter()
        for _ in range(group):
            step()
        torch.cuda.synchronize()
        seconds.append((time.perf_counter() - clock) / group)
    reserved = torch.cuda.max_memory_reserved() / (1 << 20)
    print(json.dumps({"step_s": statistics.median(seconds), "device_mb": reserved, "torch": torch.__version__,
                      "cudnn": torch.backends.cudnn.version(), "gpu": torch.cuda.get_device_name()}))


main()
