#!/usr/bin/env python3
"""archc's training against PyTorch's: the same network, recipe and images, each side with random numbers of its own.

    python3 benches/accuracy.py architectures/convnet.yaml --set data.set=fashion-mnist
    python3 benches/accuracy.py architectures/vgg_cifar10.yaml --seeds 1 --parts 10 --set train.epochs=2 --set data.set=folder --set data.path=DIR

Runs of the two sides take turns. Of each stand the mean loss over its training batches and the accuracy on the
validation images, epoch by epoch, and the time that an epoch took with its validation; with --parts the mean loss over
parts of an epoch too. Runs stay in --out, with all that archc writes.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import environment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE", help="the network with its recipe")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for archc train")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each side (3)")
    parser.add_argument("--parts", type=int, default=0, metavar="N", help="show the loss over N parts of an epoch each")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where archc's runs go; nowhere unless given")
    environment.machine_arguments(parser)
    options = parser.parse_args()
    archc, python = environment.archc(options.binary), environment.python(options.venv)
    settings = [part for setting in options.set for part in ("--set", setting)]
    described, refused = environment.in_archc(archc, "check", options.file, *settings)
    if refused:
        raise SystemExit(refused)
    listed = subprocess.run([archc, "data", "list", "--format", "json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    folders = {one["set"]: one["folder"] for one in map(json.loads, listed.splitlines())}
    print(environment.machine(options.threads))
    print(f"{described['name']}\n\n{'seed':>4}  {'side':<8}{'epoch':>5}{'training loss':>15}{'validation':>12}{'seconds':>9}", flush=True)
    best = {"archc": [], "PyTorch": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, options.seeds + 1):
            run = (options.out or Path(folder)) / f"{described['name']}-{seed}"
            command = [archc, "train", options.file, *settings, "--set", f"train.seed={seed}", "--out", run,
                       "--threads", options.threads, "--quiet"]
            subprocess.run(list(map(str, command)), check=True)
            metrics, times = ((run / name).read_text(encoding="utf-8").splitlines() for name in ("metrics.jsonl", "times.jsonl"))
            own = [json.loads(one) | json.loads(other) for one, other in zip(metrics, times)]
            request = {"network": described, "file": (run / "network.yaml").read_text(encoding="utf-8"), "seed": seed,
                       "threads": options.threads, "folders": folders}
            theirs = environment.in_torch(python, "recipe.py", request, options.threads)
            for side, epochs in (("archc", own), ("PyTorch", theirs)):
                best[side].append(max(epoch["val_acc"] for epoch in epochs))
                for epoch in epochs:
                    print(f"{seed:>4}  {side:<8}{epoch['epoch']:>5}{epoch['train_loss']:>15.4f}{epoch['val_acc']:>11.2%} "
                          f"{epoch['seconds']:>8.1f}", flush=True)
            if options.parts:
                steps = [json.loads(one) for one in (run / "steps.jsonl").read_text(encoding="utf-8").splitlines()]
                curve([[step["loss"] for step in steps if step["epoch"] == epoch["epoch"]] for epoch in own],
                      [epoch["losses"] for epoch in theirs], options.parts)
    print("\nbest epoch's validation accuracy")
    for side, runs in best.items():
        print(f"{side:<8}{statistics.fmean(runs):>8.2%} on average: {', '.join(f'{run:.2%}' for run in runs)}")


def curve(own, theirs, parts):
    """The mean loss of each part of each epoch, side by side."""
    print(f"\n{'epochs':>6}{'archc':>10}{'PyTorch':>10}")
    for index, sides in enumerate(zip(own, theirs)):
        for part in range(parts):
            means = (statistics.fmean(losses[part * len(losses) // parts:(part + 1) * len(losses) // parts]) for losses in sides)
            print(f"{index + (part + 1) / parts:>6.1f}" + "".join(f"{mean:>10.4f}" for mean in means), flush=True)


main()
