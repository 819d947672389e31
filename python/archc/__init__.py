"""Convolutional networks written as YAML or TOML: checked, costed and trained.

import archc

network = archc.compile("architectures/digits_cnn.yaml")    # or its text; CompileError shows what is wrong, and where
print(network.table())
model = network.model(seed=0)
for epoch in model.train():
    print(epoch.epoch, epoch.val_acc)
module = model.to_torch()                                    # a torch.nn.Module with the same weights
"""

from ._archc import Diagnostic, Epoch, Layer, Memory, Network, Suggestion, __version__, compile
from ._errors import CompileError, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._classifier import ArchcClassifier
    from ._model import Model, Training, load

__all__ = [
    "ArchcClassifier",
    "CompileError",
    "Diagnostic",
    "Epoch",
    "Error",
    "Layer",
    "Memory",
    "Model",
    "Network",
    "Suggestion",
    "Training",
    "__version__",
    "compile",
    "load",
]

# What needs other packages is looked for when it is asked for, so that this one is there at once.
_ELSEWHERE = {"ArchcClassifier": "_classifier", "Model": "_model", "Training": "_model", "load": "_model"}


def __getattr__(name: str) -> object:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
