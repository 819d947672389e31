#!/usr/bin/env python3
"""Everything that needs an NVIDIA GPU, in one run: tests, the table of ratios against PyTorch, runs.

    python3 benches/gpu.py --binary target/release/archc --test target/release/deps/cuda-*
    python3 benches/gpu.py --binary target/release/archc --only resnet --dtype bf16 --no-compile
    python3 benches/gpu.py --binary target/release/archc --no-table --train architectures/vgg_cifar10.yaml --set data.path=DIR

Nothing is built: archc and its tests come from `cargo build --release --features cuda` and
`cargo test --release --features cuda --no-run`, here or on another machine. The Python that runs this must have PyTorch
with CUDA; archc uses the libraries that came with it, unless LD_LIBRARY_PATH names others. A step is forward pass,
cross-entropy, backward pass and SGD with momentum 0.9 and weight decay 5e-4. Each measurement is a process of its own,
and the sides take turns. PyTorch has cudnn.benchmark on, a fused optimizer and both memory layouts, of which the better
one counts; `compiled` is the better layout with torch.compile. Memory is what each side has of the GPU besides the
driver's context.
"""

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import environment

# The network's file and the batch that it is trained with.
TABLE = [
    ("resnet18_cifar100.yaml", 512),
    ("resnet50.toml", 128),
    ("vgg16_bn.yaml", 64),
    ("alexnet.yaml", 256),
    ("vgg_cifar10.yaml", 512),
    ("mobilenet_v2.yaml", 128),
]
DTYPES = ["f32", "tf32", "bf16"]
SGD = "train.optimizer=sgd lr=0.01 momentum=0.9 weight_decay=5e-4"
STEPS, GROUP = 40, 10


def main():
    options = parse()
    use_pytorchs_libraries()
    archc = options.binary.resolve()
    sound = all([run_tests(test) for test in options.test])
    rows = table(archc, options) if options.table else []
    for file in options.train:
        sound &= train(archc, file, options)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if sound else 1)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, metavar="ARCHC", help="archc, built with the feature `cuda`")
    parser.add_argument("--test", type=Path, nargs="*", default=[], metavar="TEST", help="test programs, built with the feature `cuda`")
    parser.add_argument("--table", action=argparse.BooleanOptionalAction, default=True, help="measure steps")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="measure torch.compile too")
    parser.add_argument("--dtype", action="append", choices=DTYPES, help="only this; may be given several times")
    parser.add_argument("--only", action="append", metavar="NAME", help="only networks with this in their name")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="alternating runs of each side (3)")
    parser.add_argument("--train", type=Path, action="append", default=[], metavar="FILE", help="train this; may be given several times")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for archc train")
    parser.add_argument("--out", type=Path, default=Path("runs"), metavar="DIR", help="where trained runs go (runs)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes all numbers of the table there too")
    return parser.parse_args()


def use_pytorchs_libraries():
    """PyTorch's packages bring CUDA's libraries in folders that no linker knows."""
    found = importlib.util.find_spec("nvidia")
    folders = [str(lib) for root in (found.submodule_search_locations if found else []) for lib in sorted(Path(root).glob("*/lib"))]
    known = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    os.environ["LD_LIBRARY_PATH"] = ":".join(known + folders)


def run_tests(program):
    clock = time.perf_counter()
    done = subprocess.run([program.resolve(), "--nocapture", "--test-threads", "1"], cwd=environment.ROOT, check=False)
    print(f"{program.name}: {'passed' if done.returncode == 0 else 'FAILED'} after {time.perf_counter() - clock:.0f} s\n", flush=True)
    return done.returncode == 0


def table(archc, options):
    rows = []
    for dtype in options.dtype or DTYPES:
        for name, batch in TABLE:
            if options.only and not any(part in name for part in options.only):
                continue
            row = measure(archc, environment.ROOT / "architectures" / name, batch, dtype, options)
            if isinstance(row, str):
                print(f"{name} b{batch} {dtype}: left out: {row}", flush=True)
                continue
            if not rows:
                print(f"{row['gpu']}, PyTorch {row['torch']}, cuDNN {row['cudnn']}\n\n{HEAD}", flush=True)
            rows.append(row)
            print(line(row), flush=True)
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        own = [row for row in rows if row["dtype"] == dtype]
        mean = math.exp(statistics.fmean(math.log(row["ratio"]) for row in own))
        print(f"{dtype}: geometric mean {mean:.2f} of eager PyTorch's time, largest {max(row['ratio'] for row in own):.2f}")
    return rows


def measure(archc, path, batch, dtype, options):
    """A row of the table, or why there is none."""
    described, refused = environment.in_archc(archc, "check", path)
    if refused:
        return refused
    runs = {"archc": [], "contiguous": [], "channels_last": []}
    for _ in range(options.rounds):
        own, refused = environment.in_archc(archc, "bench", path, "--batch", batch, "--steps", STEPS, "--device", "cuda:0",
                                            "--dtype", dtype, "--set", SGD)
        if refused:
            return refused
        runs["archc"].append(own)
        for layout in ("contiguous", "channels_last"):
            runs[layout].append(theirs(described, batch, dtype, layout, False))
    results = {side: {key: statistics.median(run[key] for run in own) for key in ("step_s", "device_mb")} for side, own in runs.items()}
    own = results.pop("archc")
    layout = min(results, key=lambda layout: results[layout]["step_s"])
    best, about = results[layout], runs["contiguous"][0]
    compiled = theirs(described, batch, dtype, layout, True)["step_s"] if options.compile else None
    return {"name": path.stem, "batch": batch, "dtype": dtype, "archc": own, "pytorch": best, "layout": layout, "compiled_s": compiled,
            "ratio": own["step_s"] / best["step_s"], "memory_ratio": own["device_mb"] / best["device_mb"],
            "torch": about["torch"], "cudnn": about["cudnn"], "gpu": about["gpu"]}


def theirs(described, batch, dtype, layout, compiled):
    request = {"network": described, "batch": batch, "dtype": dtype, "channels_last": layout == "channels_last",
               "compile": compiled, "groups": STEPS // GROUP, "group": GROUP}
    return environment.in_torch(sys.executable, "gpu_step.py", request, os.cpu_count())


HEAD = (f"{'network':<26}{'dtype':<6}{'archc':>9}{'PyTorch':>10} {'layout':<14}{'time':>5}{'compiled':>10}{'time':>6}"
        f"{'images/s':>10}{'MB':>8}{'PyTorch':>9}{'memory':>8}")


def line(row):
    own, best, compiled = row["archc"], row["pytorch"], row["compiled_s"]
    against = f"{1e3 * compiled:>7.2f} ms{own['step_s'] / compiled:>6.2f}" if compiled else f"{'':>16}"
    return (f"{row['name'] + ' b' + str(row['batch']):<26}{row['dtype']:<6}{1e3 * own['step_s']:>6.2f} ms{1e3 * best['step_s']:>7.2f} ms"
            f" {row['layout']:<14}{row['ratio']:>5.2f}{against}{row['batch'] / own['step_s']:>10.0f}"
            f"{own['device_mb']:>8.0f}{best['device_mb']:>9.0f}{row['memory_ratio']:>8.2f}")


def train(archc, file, options):
    """A run, with its curve."""
    folder = options.out / f"{file.stem}-{int(time.time())}"
    settings = [part for setting in options.set for part in ("--set", setting)]
    dtype = (options.dtype or ["bf16"])[0]
    clock = time.perf_counter()
    command = [archc, "train", file, *settings, "--device", "cuda:0", "--dtype", dtype, "--out", folder, "--quiet"]
    done = subprocess.run(list(map(str, command)), check=False)
    print(f"\n{file.stem} in {dtype}: {'trained' if done.returncode == 0 else 'FAILED'} after {time.perf_counter() - clock:.0f} s, in {folder}")
    metrics = folder / "metrics.jsonl"
    for epoch in map(json.loads, metrics.read_text(encoding="utf-8").splitlines() if metrics.exists() else []):
        accuracy = "" if epoch["val_acc"] is None else f"{epoch['val_acc']:>9.2%}"
        print(f"{epoch['epoch']:>4}{epoch['train_loss']:>10.4f}{accuracy}", flush=True)
    return done.returncode == 0


main()
