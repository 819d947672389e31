"""Trains a network in PyTorch by the recipe of an archc file. `accuracy.py` runs it.

Reads a request as JSON from standard input, answers with an epoch's metrics each as JSON on standard output. Of archc's
recipes it knows what the comparisons need, and refuses the rest: sgd and adam, constant and step, normalize, whole
batches of MNIST's kind or of image folders, init rules by kind of layer.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy
import torch
import yaml
from PIL import Image
from torch import nn

import network


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    file = yaml.safe_load(request["file"])
    recipe, data = file["train"], file["data"]
    known(recipe["loss"], recipe["loss"] == "cross_entropy label_smoothing=0.0")
    model = network.Network(request["network"])
    initialise(model, file.get("init", {}))
    optimizer, schedule = optimization(model, recipe)
    sets = load(data, Path(data.get("path") or request["folders"][data["set"]]))
    print(json.dumps([epoch(model, optimizer, schedule, sets, recipe["batch"], index) for index in range(1, recipe["epochs"] + 1)]))


def epoch(model, optimizer, schedule, sets, batch, index):
    (images, labels), (held_out, truth) = sets
    clock, losses = time.perf_counter(), []
    model.train()
    for some in torch.randperm(len(labels)).split(batch):
        optimizer.zero_grad(set_to_none=True)
        loss = network.loss(model(images(some)), labels[some])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    schedule.step()
    model.eval()
    with torch.inference_mode():
        right = sum((model(held_out(some)).argmax(1) == truth[some]).sum().item() for some in torch.arange(len(truth)).split(500))
    total = sum(loss * len(some) for loss, some in zip(losses, torch.arange(len(labels)).split(batch)))
    return {"epoch": index, "train_loss": total / len(labels), "val_acc": right / len(truth), "losses": losses,
            "seconds": time.perf_counter() - clock}


def words(text):
    """`sgd lr=0.1 nesterov`: the name, plain numbers, and arguments by name."""
    name, *rest = str(text).split()
    named = {word.split("=")[0]: float(word.split("=")[1]) if "=" in word else True for word in rest if not word[0].isdigit()}
    return name, [float(word) for word in rest if word[0].isdigit()], named


def optimization(model, recipe):
    name, _, named = words(recipe["optimizer"])
    if name == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=named.pop("lr"), betas=(named.pop("beta1", 0.9), named.pop("beta2", 0.999)),
                                     eps=named.pop("eps", 1e-8), weight_decay=named.pop("weight_decay", 0.0))
        known(recipe["optimizer"], not named)
    else:
        known(recipe["optimizer"], name == "sgd" and not named.keys() - {"lr", "momentum", "weight_decay", "nesterov"})
        optimizer = torch.optim.SGD(model.parameters(), **named)
    name, numbers, named = words(recipe.get("schedule", "constant"))
    if name == "constant":
        return optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    known(recipe["schedule"], name == "step" and set(named) <= {"gamma", "per"})
    return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, int(numbers[0]), named.get("gamma", 0.1))


def initialise(model, rules):
    kinds = {"conv": nn.Conv2d, "linear": nn.Linear}
    for pattern, rule in rules.items():
        kind, _, which = pattern.partition(".")
        known(pattern, kind in kinds)
        for module in model.modules():
            if isinstance(module, kinds[kind]):
                parameter = getattr(module, which or "weight")
                name, *arguments = str(rule).split()
                if name == "kaiming_normal":
                    nn.init.kaiming_normal_(parameter, mode=(arguments or ["fan_in"])[0], nonlinearity="relu")
                elif name == "normal":
                    nn.init.normal_(parameter, float(arguments[0]), float(arguments[1]))
                else:
                    nn.init.constant_(parameter, float(arguments[0] if name == "constant" else name))


def load(data, path):
    """Training and validation set: what makes a batch of images, and all labels."""
    mean, std = normalization(data)
    known(data["train"], data["train"] == data["eval"])

    def prepared(images, labels):
        images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
        return (lambda some: (images[some].float() / 255 - mean) / std), labels

    if data["set"] == "folder":
        held_out = next(path / name for name in ("val", "test") if (path / name).exists())
        return prepared(*folder(path / "train")), prepared(*folder(held_out))
    return tuple(prepared(idx(path / f"{part}-images-idx3-ubyte.gz")[:, None], idx(path / f"{part}-labels-idx1-ubyte.gz"))
                 for part in ("train", "t10k"))


def normalization(data):
    """The numbers of `[normalize mean=[…] std=[…]]`; without it images stay as they are."""
    if not data["train"]:
        return 0.0, 1.0
    known(data["train"], len(data["train"]) == 1 and str(data["train"][0]).startswith("normalize "))
    if data["train"][0] == "normalize half":
        return 0.5, 0.5
    named = dict(word.split("=") for word in data["train"][0].replace(", ", ",").split()[1:])
    return tuple(torch.tensor([float(number) for number in named[key].strip("[]").split(",")]).view(-1, 1, 1) for key in ("mean", "std"))


def folder(path):
    classes = sorted(entry.name for entry in path.iterdir() if entry.is_dir())
    files = [(file, label) for label, name in enumerate(classes) for file in sorted((path / name).iterdir())]
    images = [numpy.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file, _ in files]
    return numpy.stack(images), numpy.array([label for _, label in files])


def idx(path):
    content = gzip.decompress(path.read_bytes())
    sizes = numpy.frombuffer(content, ">u4", content[3], 4)
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * len(sizes)).reshape(sizes).copy()


def known(what, holds):
    if not holds:
        raise SystemExit(f"benches/recipe.py does not know `{what}`")


main()
