"""What the package is made of, in Rust. Its documentation is there; here are the types."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, final

import torch

from ._model import Model

__all__ = [
    "Core",
    "Diagnostic",
    "Epoch",
    "Layer",
    "Memory",
    "Network",
    "Run",
    "Suggestion",
    "__version__",
    "compile",
]

__version__: str

@final
class Diagnostic:
    """An error or a warning, with its place. Lines and columns count from 1, columns in Unicode characters."""

    @property
    def severity(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_column(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def help(self) -> list[str]: ...
    @property
    def suggestions(self) -> list[Suggestion]: ...
    @property
    def text(self) -> str: ...

@final
class Suggestion:
    """Advice that a program can follow: the characters between the two places go, and `text` comes there."""

    @property
    def message(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def certain(self) -> bool: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_column(self) -> int: ...

@final
class Layer:
    """A layer in its place."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def inputs(self) -> list[str]: ...
    @property
    def output(self) -> tuple[int, ...]: ...
    @property
    def arithmetic(self) -> str | None: ...
    @property
    def parameters(self) -> int: ...
    @property
    def macs(self) -> int | None: ...
    @property
    def receptive_field(self) -> tuple[int | None, int | None]: ...

@final
class Memory:
    """Bytes that training takes; None where there are more than can be counted."""

    @property
    def batch(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def weights(self) -> int | None: ...
    @property
    def gradients(self) -> int | None: ...
    @property
    def optimizer(self) -> int | None: ...
    @property
    def activations(self) -> int | None: ...
    @property
    def workspace(self) -> int | None: ...
    @property
    def total(self) -> int | None: ...

@final
class Network:
    """A checked network: every size in it fits."""

    @property
    def name(self) -> str: ...
    @property
    def input(self) -> tuple[int, ...]: ...
    @property
    def output(self) -> tuple[int, ...]: ...
    @property
    def classes(self) -> int | None: ...
    @property
    def parameters(self) -> int | None: ...
    @property
    def trainable(self) -> int | None: ...
    @property
    def statistics(self) -> int | None: ...
    @property
    def macs(self) -> int | None: ...
    @property
    def activations(self) -> int | None: ...
    @property
    def layers(self) -> list[Layer]: ...
    @property
    def shapes(self) -> dict[str, tuple[int, ...]]: ...
    @property
    def weights(self) -> dict[str, tuple[int, ...]]: ...
    @property
    def warnings(self) -> list[Diagnostic]: ...
    def memory(self, batch: int | None = None, threads: int | None = None) -> Memory:
        """The memory that a training step takes, with so many examples on so many threads."""

    def largest_batch(self, memory: int, threads: int | None = None) -> int:
        """The largest batch that can be trained with so many bytes of memory; 0 if there is none."""

    def table(
        self, *, width: int | None = None, depth: int | None = None, tree: bool = False, batch: int | None = None
    ) -> str:
        """The table of `archc check`."""

    def expand(self) -> str:
        """The same network with one item a layer and nothing left to work out, as YAML that compiles again."""

    def to_json(self) -> str:
        """What `archc check --format json` prints."""

    def pytorch(self) -> str:
        """The source of the network as a PyTorch module."""

    def to_torch(self) -> torch.nn.Module:
        """The network as a module whose parameters have the same names, with PyTorch's initial values."""

    def model(self, seed: int = 0, *, device: str = "cpu") -> Model:
        """The network with weights of its own, drawn from `seed`, on the device `"cpu"` or `"cuda:0"`."""

    def _repr_html_(self) -> str: ...

@final
class Epoch:
    """An epoch that is over. What cannot be told, such as the loss of a validation that there was not, is None."""

    @property
    def epoch(self) -> int: ...
    @property
    def lr(self) -> float: ...
    @property
    def train_loss(self) -> float | None: ...
    @property
    def train_acc(self) -> float | None: ...
    @property
    def val_loss(self) -> float | None: ...
    @property
    def val_acc(self) -> float | None: ...
    @property
    def val_balanced_acc(self) -> float | None: ...
    @property
    def val_macro_f1(self) -> float | None: ...
    @property
    def val_auroc(self) -> float | None: ...
    @property
    def val_ece(self) -> float | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def images_per_s(self) -> float: ...
    @property
    def is_best(self) -> bool: ...

@final
class Core:
    def __new__(cls, network: Network, seed: int, device: str) -> Core: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def device(self) -> str: ...
    def forward(self, images: bytes) -> bytearray: ...
    def images(self, paths: Sequence[Path]) -> bytes: ...
    def weights(self) -> list[tuple[str, list[int], bytearray]]: ...
    def set_weights(self, arrays: Sequence[tuple[str, Sequence[int], bytes]]) -> None: ...
    def load(self, path: Path) -> None: ...
    def save(self, path: Path) -> None: ...
    def export(
        self,
        path: Path,
        format: str,
        *,
        opset: int | None,
        batch: int | None,
        softmax: bool,
        sigmoid: bool,
        preprocess: bool,
        keep_bn: bool,
        fp16: bool,
        external_data: bool,
    ) -> str: ...

@final
class Run:
    def __new__(
        cls,
        core: Core,
        given: tuple[bytes, list[int], bytes, list[int]] | None,
        out: Path | None,
        settings: dict[str, Any] | None,
    ) -> Run: ...
    @property
    def folder(self) -> Path: ...
    @property
    def epochs(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def ended(self) -> str | None: ...
    def epoch(self, on_step: Callable[[int, int, float, float], object] | None) -> Epoch | None: ...
    def stop(self) -> None: ...

def compile(
    source: str | PathLike[str],
    /,
    *,
    overrides: dict[str, Any] | None = None,
    allow_include: Sequence[str | PathLike[str]] | None = None,
    **values: Any,
) -> Network:
    """Compiles a network: the text or the path of one, with values for the names under its `let:`.

    A str is a text if it has a line break or begins with `{`, and a path otherwise. `overrides` replaces any entry of the
    file: `overrides={"input": (3, 64, 64), "train.epochs": 3}`.

    Raises CompileError if there is anything wrong with the text, and FileNotFoundError if there is no such file.
    """
