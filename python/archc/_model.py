"""A network with weights: to compute with it, and to train it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _arrays
from ._archc import Core, Epoch, Network, Run, compile
from ._errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from ._arrays import Floats

# What is computed at a time, unless the user says otherwise.
BATCH = 64


class Model:
    """A network with weights of its own; `Network.model` makes one.

    Arrays are what the network reads: f32 of N×channels×height×width, to which no transform of the file's `data:` is
    applied. Files of images go through those transforms, as for `archc predict`. Any array will do that NumPy takes or
    that speaks DLPack, on the processor. """

    def __init__(self, network: Network, seed: int = 0, device: str = "cpu") -> None:
        self.network = network
        self._core = Core(network, seed, device)

    def __repr__(self) -> str:
        return f"<archc.Model of {self.network!r} on {self._core.device}>"

    @property
    def device(self) -> str:
        """Where it computes: `"cpu"` or `"cuda:0"`."""
        return self._core.device

    @property
    def classes(self) -> list[str]:
        """What the classes are called, as far as it is known: from the data that the weights have learned on."""
        return self._core.classes

    def forward(self, images: Any, *, batch: int = BATCH) -> Floats:
        """Logits N×classes, or N×channels×height×width if the network ends in a map, in evaluation mode; so many images
        are computed at a time."""
        if batch < 1:
            raise ValueError("batch must be at least 1")
        given = _arrays.images(images, self.network.input)
        output = np.empty((len(given), *self.network.output), dtype=np.float32)
        for start in range(0, len(given), batch):
            part = slice(start, start + batch)
            logits = self._core.forward(given[part].tobytes())
            output[part] = _arrays.array(logits, (-1, *self.network.output))
        return output

    __call__ = forward

    def predict(self, images: Any, *, batch: int = BATCH) -> NDArray[np.int64]:
        """The number of the most likely class of each image: of an array, of a file, or of a list of files."""
        classes: NDArray[np.int64] = self.predict_proba(images, batch=batch).argmax(axis=1)
        return classes

    def predict_proba(self, images: Any, *, batch: int = BATCH) -> NDArray[np.float64]:
        """The probability of each class for each image, N×classes: of an array, of a file, or of a list of files."""
        if batch < 1:
            raise ValueError("batch must be at least 1")
        files = _files(images)
        if files is None:
            logits = self.forward(images, batch=batch)
        else:
            parts = [files[start : start + batch] for start in range(0, len(files), batch)]
            logits = np.concatenate([self.forward(self._read(part), batch=batch) for part in parts])
        logits = logits.reshape(len(logits), -1).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def _read(self, files: list[Path]) -> Floats:
        values = self._core.images(files)
        return np.frombuffer(values, dtype=np.float32).reshape(len(files), *self.network.input)

    def state_dict(self) -> dict[str, Floats]:
        """Every weight and running statistic, by PyTorch's name for it."""
        return {name: _arrays.array(numbers, shape) for name, shape, numbers in self._core.weights()}

    def load_state_dict(self, weights: Mapping[str, Any]) -> None:
        """Takes weights by their names: what `state_dict` of this class or of a PyTorch module of the network gives."""
        arrays = [(name, _detached(value)) for name, value in weights.items()]
        self._core.set_weights(
            [(name, list(np.shape(value)), _arrays.floats(value).tobytes()) for name, value in arrays]
        )

    def load(self, path: str | os.PathLike[str]) -> None:
        """Takes the weights of a file: safetensors, or PyTorch's .pth."""
        self._core.load(Path(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the weights as safetensors under PyTorch's names, with the network's text: `archc.load` and the
        program need nothing else."""
        self._core.save(Path(path))

    def to_torch(self) -> Any:
        """The network as a `torch.nn.Module` with these weights, in evaluation mode."""
        from ._torch import module

        return module(self.network, self.state_dict())

    def export(
        self,
        path: str | os.PathLike[str],
        format: str = "onnx",
        *,
        opset: int | None = None,
        batch: int | None = None,
        softmax: bool = False,
        sigmoid: bool = False,
        preprocess: bool = False,
        keep_bn: bool = False,
        fp16: bool = False,
        external_data: bool = False,
    ) -> str:
        """Writes the network for other programs, with the options of `archc export`; what was written, in words."""
        return self._core.export(
            Path(path),
            format,
            opset=opset,
            batch=batch,
            softmax=softmax,
            sigmoid=sigmoid,
            preprocess=preprocess,
            keep_bn=keep_bn,
            fp16=fp16,
            external_data=external_data,
        )

    def train(
        self,
        x: Any = None,
        y: Any = None,
        *,
        validation: tuple[Any, Any] | None = None,
        out: str | os.PathLike[str] | None = None,
        callbacks: Iterable[Callable[[Epoch], object]] = (),
        on_step: Callable[[int, int, float, float], object] | None = None,
        restore_best: bool = False,
        **settings: Any,
    ) -> Training:
        """Trains from the weights that the model has, an epoch each time that the result is asked for the next one.

        Learns from images `x` with class numbers `y`, validated with the pair `validation`; or from the images of the
        file's `data:` section. Further arguments replace entries of its `train:` section:
        `epochs=3, optimizer="adam lr=1e-3"`.

        Each of `callbacks` is called with every Epoch, and ends the training by returning False. `on_step` is called
        now and then with the epoch, the batches of it that are done, the loss and the accuracy so far. The run is kept
        in the folder `out`, for `archc runs` and `archc train --resume`; without one it leaves nothing behind. With
        `restore_best` the model ends with the weights of the best epoch instead of the last.

        Ctrl-C ends the training after the step under way; the model has what was learned until then.
        """
        given = None
        if x is not None or y is not None:
            if x is None or y is None:
                raise ValueError("images and labels are needed: give both x and y, or neither")
            given = (*self._examples(x, y), *(self._examples(*validation) if validation else (b"", [])))
        elif validation:
            raise ValueError("validation goes with x and y; the images of the file have their own")
        run = Run(self._core, given, None if out is None else Path(out), settings or None)
        return Training(self, run, tuple(callbacks), on_step, restore_best)

    def _examples(self, x: Any, y: Any) -> tuple[bytes, list[int]]:
        return _arrays.images(x, self.network.input).tobytes(), _arrays.labels(y)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.network, self.device, self.state_dict())


class Training:
    """A run of training, as an iterator over its epochs."""

    history: list[Epoch]
    """The epochs that are over."""

    def __init__(
        self,
        model: Model,
        run: Run,
        callbacks: tuple[Callable[[Epoch], object], ...],
        on_step: Callable[[int, int, float, float], object] | None,
        restore_best: bool,
    ) -> None:
        self.model, self.history = model, []
        self._run, self._callbacks, self._on_step, self._restore_best = run, callbacks, on_step, restore_best
        self._stopped = False

    @property
    def folder(self) -> Path:
        """Where checkpoints and metrics are while the run goes, and if a folder was named, also afterwards."""
        return self._run.folder

    @property
    def epochs(self) -> int:
        """How many epochs there will be."""
        return self._run.epochs

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return self._run.steps

    @property
    def ended(self) -> str | None:
        """How it ended: `"finished"`, `"early"` or `"stopped"`; None while it goes on."""
        return self._run.ended or ("stopped" if self._stopped else None)

    @property
    def best(self) -> Epoch | None:
        """The best epoch so far: the last that was better than all before it."""
        return next((epoch for epoch in reversed(self.history) if epoch.is_best), None)

    def stop(self) -> None:
        """Ends the training: after the step under way, if it is called meanwhile."""
        self._stopped = True
        self._run.stop()

    def run(self) -> list[Epoch]:
        """Trains to the end; all epochs."""
        for _ in self:
            pass
        return self.history

    def __iter__(self) -> Iterator[Epoch]:
        return self

    def __next__(self) -> Epoch:
        epoch = None if self._stopped else self._run.epoch(self._on_step)
        if epoch is None:
            self._restore()
            raise StopIteration
        self.history.append(epoch)
        # Every callback hears of every epoch.
        answers = [callback(epoch) for callback in self._callbacks]
        if any(answer is False for answer in answers):
            self.stop()
        if self._run.ended:
            self._restore()
        return epoch

    def _restore(self) -> None:
        best = self.folder / "best.safetensors"
        if self._restore_best and best.exists():
            self._restore_best = False
            self.model.load(best)


def load(path: str | os.PathLike[str], *, device: str = "cpu") -> Model:
    """The model that a file of weights holds, if archc has written it, or the best of a run, whose folder is `path`."""
    path = Path(path)
    weights = path
    if path.is_dir():
        found = [path / f"{kind}.safetensors" for kind in ("best", "last")]
        weights = next((file for file in found if file.exists()), found[0])
        if not weights.exists():
            raise Error(f"`{path}` has no weights: it is no run's folder, or the run has not begun")
    model = Model(compile(path / "network.yaml" if path.is_dir() else weights), device=device)
    model.load(weights)
    return model


def _restored(network: Network, device: str, weights: Mapping[str, Floats]) -> Model:
    model = Model(network, device=device)
    model.load_state_dict(weights)
    return model


def _files(images: Any) -> list[Path] | None:
    if isinstance(images, (str, os.PathLike)):
        return [Path(images)]
    if isinstance(images, (list, tuple)) and images and all(isinstance(one, (str, os.PathLike)) for one in images):
        return [Path(one) for one in images]
    return None


def _detached(value: Any) -> Any:
    """A parameter of PyTorch without its gradient, which cannot be passed on."""
    detach = getattr(value, "detach", None)
    return detach() if callable(detach) else value
