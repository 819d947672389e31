#!/usr/bin/env python3
"""archc against PyTorch: whole training steps, or inference, of the same networks.

    python3 benches/pytorch.py                          training steps
    python3 benches/pytorch.py --inference              evaluation mode, batch 1 and 64
    python3 benches/pytorch.py my.yaml --batch 32       a network of your own

The first run prepares PyTorch in target/pytorch and builds archc in release mode. A training step is forward pass,
cross-entropy, backward pass and SGD with momentum 0.9 and weight decay 5e-4, in fp32. Each measurement is a process of
its own; archc and PyTorch's two memory layouts take turns, and the better layout counts. A time is the median over the
rounds of the median over a run's steps; a memory is the most that a process ever had, with everything that it loads.
"""

import argparse
import json
import math
import statistics
from pathlib import Path

import environment

# The network's file and the batch that it is trained with.
TRAINING = [
    ("convnet.yaml", 100),
    ("vgg_cifar10.yaml", 64),
    ("vgg16_cifar100.yaml", 64),
    ("resnet18_cifar100.yaml", 64),
    ("resnet50_cifar100.yaml", 16),
    ("resnet50_layer4.yaml", 64),
    ("alexnet.yaml", 16),
    ("vgg16.yaml", 2),
    ("resnet20_cifar10.yaml", 128),
    ("mobilenet_v2.yaml", 8),
]
INFERENCE_BATCHES = [1, 64]

# How long a run's steps take together, and how many they are at least and at most.
RUN_SECONDS = 2.0
STEPS = (4, 200)
QUICK_STEPS = 3

# What step.py trains with, whatever the network's own recipe says.
SGD = "train.optimizer=sgd lr=0.01 momentum=0.9 weight_decay=5e-4"


def main():
    options = parse()
    archc, python = environment.archc(options.binary), environment.python(options.venv)
    print(environment.machine(options.threads))
    rows = []
    for path, batch in cases(options):
        row = measure(archc, python, path, batch, options)
        if isinstance(row, str):
            print(f"{path.stem} b{batch}: left out: {row}", flush=True)
            continue
        if not rows:
            print(f"PyTorch {row['torch']}, {'inference' if options.inference else 'training step'}\n")
            print(HEAD, flush=True)
        rows.append(row)
        print(line(row), flush=True)
    if rows:
        print(f"\ngeometric means: time {mean(rows, 'ratio'):.2f}, memory {mean(rows, 'memory_ratio'):.2f} of PyTorch's; "
              f"largest {max(row['ratio'] for row in rows):.2f} and {max(row['memory_ratio'] for row in rows):.2f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="networks; those of the goal unless given")
    parser.add_argument("--batch", type=int, action="append", metavar="N", help="images a step; may be given several times")
    parser.add_argument("--inference", action="store_true", help="time the forward pass in evaluation mode")
    environment.arguments(parser)
    return parser.parse_args()


def cases(options):
    """Files with the batches that each is measured at."""
    folder = environment.ROOT / "architectures"
    known = {folder / name: batch for name, batch in TRAINING}
    files = options.files or list(known)
    for path in files:
        usual = INFERENCE_BATCHES if options.inference else [known.get(path, 32)]
        if not options.only or any(name in path.stem for name in options.only):
            yield from ((path, batch) for batch in options.batch or usual)


def measure(archc, python, path, batch, options):
    """A row of the table, or why there is none."""
    if not path.exists():
        return "there is no such file yet"
    described, refused = environment.in_archc(archc, "check", path)
    if refused:
        return refused
    rounds, steps = (1, QUICK_STEPS) if options.quick else (options.rounds, None)
    mode = ["--inference"] if options.inference else ["--set", SGD]

    def ours(steps):
        return environment.in_archc(archc, "bench", path, "--batch", batch, "--threads", options.threads, "--steps", steps, *mode)

    def theirs(channels_last):
        request = {"network": described, "batch": batch, "threads": options.threads, "steps": steps,
                   "channels_last": channels_last, "inference": options.inference}
        return environment.in_torch(python, "step.py", request, options.threads)

    first, refused = ours(QUICK_STEPS)
    if refused:
        return refused
    steps = steps or min(max(round(RUN_SECONDS / first["step_s"]), STEPS[0]), STEPS[1])
    runs = {"archc": [], "contiguous": [], "channels_last": []}
    for _ in range(rounds):
        runs["archc"].append(ours(steps)[0])
        runs["contiguous"].append(theirs(False))
        if len(described["input"]) == 3:
            runs["channels_last"].append(theirs(True))
    results = {side: summary(runs) for side, runs in runs.items() if runs}
    own = results.pop("archc")
    layout = min(results, key=lambda layout: results[layout]["step_s"])
    best = results[layout]
    return {
        "name": path.stem, "batch": batch, "threads": options.threads, "inference": options.inference,
        "torch": runs["contiguous"][0]["torch"], "archc": own, "pytorch": best, "layout": layout, "layouts": results,
        "ratio": own["step_s"] / best["step_s"], "memory_ratio": own["peak_rss_mb"] / best["peak_rss_mb"],
    }


def summary(runs):
    """Medians over the rounds, and how far the rounds are apart."""
    seconds = sorted(run["step_s"] for run in runs)
    middle = statistics.median(seconds)
    return {"step_s": middle, "spread": (seconds[-1] - seconds[0]) / middle,
            "peak_rss_mb": statistics.median(run["peak_rss_mb"] for run in runs)}


HEAD = (f"{'network':<24}{'archc':>10}{'PyTorch':>10}  {'layout':<14}{'time':>5}   "
        f"{'images/s':>9}{'PyTorch':>9}   {'MB':>6}{'PyTorch':>9}{'memory':>8}")


def line(row):
    own, best = row["archc"], row["pytorch"]
    return (f"{row['name'] + ' b' + str(row['batch']):<24}{1e3 * own['step_s']:>7.1f} ms{1e3 * best['step_s']:>7.1f} ms"
            f"  {row['layout']:<14}{row['ratio']:>5.2f}   {row['batch'] / own['step_s']:>9.1f}{row['batch'] / best['step_s']:>9.1f}"
            f"   {own['peak_rss_mb']:>6.0f}{best['peak_rss_mb']:>9.0f}{row['memory_ratio']:>8.2f}")


def mean(rows, key):
    return math.exp(statistics.fmean(math.log(row[key]) for row in rows))


main()
