"""Makes tests/fixtures/names.txt: what Keras and PyTorch call their layers, optimizers and initialisers, and their
arguments.

    python tests/scripts/names.py      (with Keras 3.15 and PyTorch 2.15)

A line each: framework, kind, name, arguments.
"""

import inspect
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch


def arguments(thing):
    try:
        parameters = inspect.signature(thing.__init__).parameters.values()
    except ValueError:
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [one.name for one in parameters if one.kind in named and one.name != "self" and one.name[0] != "_"]


def classes(module, base):
    for name, thing in sorted(vars(module).items()):
        if inspect.isclass(thing) and issubclass(thing, base) and thing is not base:
            yield name, thing


def line(framework, kind, name, thing):
    return " ".join([framework, kind, name, *arguments(thing)])


lines = []
for framework, kind, module, base in [
    ("Keras", "layer", keras.layers, keras.layers.Layer),
    ("Keras", "optimizer", keras.optimizers, keras.optimizers.Optimizer),
    ("Keras", "initialiser", keras.initializers, keras.initializers.Initializer),
    ("PyTorch", "layer", torch.nn, torch.nn.Module),
    ("PyTorch", "optimizer", torch.optim, torch.optim.Optimizer),
    ("PyTorch", "schedule", torch.optim.lr_scheduler, torch.optim.lr_scheduler.LRScheduler),
]:
    lines += [line(framework, kind, name, thing) for name, thing in classes(module, base)]
for name in sorted(name for name in dir(keras.activations) if inspect.isfunction(getattr(keras.activations, name))):
    if name not in ("deserialize", "get", "serialize"):
        lines.append(f"Keras layer {name}")

path = pathlib.Path(__file__).parent.parent / "fixtures" / "names.txt"
path.write_text("\n".join(lines) + "\n")
