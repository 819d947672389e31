#!/usr/bin/env python3
"""Labels, numbers and masks: archc's training against PyTorch's, on the same images with the same recipe.

    python3 benches/tasks.py

The images are made of scikit-learn's handwritten digits, for validation of others than for training: up to four in a
picture, whose labels are the digits; one of some size at some place, whose numbers are the middle and the size; and
that digit's pixels as a mask. PyTorch trains the module that archc exports, with a loop of its own and measures of its
own. Each side has random numbers of its own. Shown are the mean training loss and the measure on the validation images
after the last epoch, and the seconds that all epochs took.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import environment

EPOCHS, BATCH, LR = 8, 50, 0.002
BODY = "conv 16 3x3 p1 bias=false -> bn -> relu -> maxpool 2x2, conv 32 3x3 p1 bias=false -> bn -> relu -> maxpool 2x2, conv 64 3x3 p1 bias=false -> bn -> relu"
UNET = """conv 16 3x3 p1 bias=false -> bn -> relu as down, maxpool 2x2, conv 32 3x3 p1 bias=false -> bn -> relu as middle,
    maxpool 2x2, conv 64 3x3 p1 bias=false -> bn -> relu, conv_transpose 32 2x2 s2 as up, {from: [middle, .], merge: concat},
    conv 32 3x3 p1 bias=false -> bn -> relu, conv_transpose 16 2x2 s2, {from: [down, .], merge: concat},
    conv 16 3x3 p1 bias=false -> bn -> relu, conv 11 1x1"""
TASKS = {
    # Layers, what stands in `data:`, the loss, the measure and its name in metrics.jsonl.
    "labels": (f"{BODY}, global_maxpool, flatten, linear 10",
               "task: multilabel, label: tags, separator: '|'", "binary_cross_entropy", "mean average precision", "val_map"),
    "numbers": (f"{BODY}, maxpool 2x2, flatten, linear 3", "task: regression, label: [x, y, size]", "mse", "R²", "val_r2"),
    "masks": (UNET, "task: segment, label: 'masks/{id}.png'", "cross_entropy", "mean IoU", "val_mean_iou"),
}


def network(task):
    layers, data, loss, *_ = TASKS[task]
    return f"""name: {task}
input: [1, 32, 32]
layers: [{layers}]
data:
  {{set: table, file: {task}.csv, image: 'images/{{id}}.png', split: part, {data}, train: [normalize half], eval: [normalize half]}}
train: {{epochs: {EPOCHS}, batch: {BATCH}, optimizer: adam lr={LR}, schedule: constant, loss: {loss}}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each side (3)")
    environment.machine_arguments(parser)
    options = parser.parse_args()
    archc, python = environment.archc(options.binary), environment.python(options.venv)
    print(environment.machine(options.threads))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        subprocess.run([python, environment.BENCHES / "task.py", "make", folder], check=True)
        for task, (*_, measure, name) in TASKS.items():
            compare(archc, python, folder, task, measure, name, options)


def compare(archc, python, folder, task, measure, name, options):
    file = folder / f"{task}.yaml"
    file.write_text(network(task), encoding="utf-8")
    source = folder / f"{task}.py"
    subprocess.run([archc, "export", file, "--format", "pytorch", "--out", source], check=True, stdout=subprocess.DEVNULL)
    print(f"\n{task}\n{'seed':>4}  {'side':<8}{'training loss':>15}{measure:>25}{'seconds':>9}", flush=True)
    reached = {"archc": [], "PyTorch": []}
    for seed in range(1, options.seeds + 1):
        run = folder / f"{task}-{seed}"
        command = [archc, "train", file, "--set", f"train.seed={seed}", "--out", run, "--threads", options.threads, "--quiet"]
        subprocess.run(list(map(str, command)), check=True, cwd=folder)
        metrics, times = ((run / part).read_text(encoding="utf-8").splitlines() for part in ("metrics.jsonl", "times.jsonl"))
        own = [json.loads(one) | json.loads(other) for one, other in zip(metrics, times)]
        request = {"task": task, "folder": str(folder), "source": source.read_text(encoding="utf-8"), "seed": seed,
                   "threads": options.threads, "epochs": EPOCHS, "batch": BATCH, "lr": LR}
        theirs = environment.in_torch(python, "task.py", request, options.threads, "train")
        for side, epochs, key in (("archc", own, name), ("PyTorch", theirs, "measure")):
            last = epochs[-1]
            reached[side].append(last[key])
            seconds = sum(epoch["seconds"] for epoch in epochs)
            print(f"{seed:>4}  {side:<8}{last['train_loss']:>15.4f}{last[key]:>25.4f}{seconds:>9.1f}", flush=True)
    means = ", ".join(f"{side} {statistics.mean(values):.4f}" for side, values in reached.items())
    print(f"mean: {means}")


if __name__ == "__main__":
    main()
