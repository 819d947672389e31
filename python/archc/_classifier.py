"""A network as an estimator of scikit-learn."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted
except ImportError as error:
    raise ImportError("ArchcClassifier needs scikit-learn: pip install scikit-learn") from error

from ._archc import Network, compile
from ._model import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ArchcClassifier(ClassifierMixin, BaseEstimator):
    """A network as a classifier with scikit-learn's conventions: it can be cloned, cross-validated, searched and put
    into a pipeline.

    `source` is what `archc.compile` takes. `epochs`, `batch`, `optimizer` and `schedule` replace entries of its
    `train:` section, and every further argument gives a value to a name under `let:`, so that a grid search goes over
    them:

        GridSearchCV(ArchcClassifier("net.yaml", epochs=5), {"width": [8, 16, 32], "optimizer": ["adam lr=1e-2", "sgd lr=0.1"]})

    Images are N×channels×height×width, or rows of as many features. If the file says `classes:`, it becomes the number
    of classes that there are. """

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        epochs: int | None = None,
        batch: int | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        seed: int = 0,
        device: str = "cpu",
        **let: Any,
    ) -> None:
        self.source = source
        self.epochs = epochs
        self.batch = batch
        self.optimizer = optimizer
        self.schedule = schedule
        self.seed = seed
        self.device = device
        self._let = let

    @classmethod
    def _own(cls) -> list[str]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [one.name for one in parameters if one.name != "self" and one.kind != one.VAR_KEYWORD]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All arguments, those for `let:` too."""
        return {name: getattr(self, name) for name in self._own()} | self._let

    def set_params(self, **params: Any) -> ArchcClassifier:
        """Changes arguments. A name that is none of the class's own is one under `let:`."""
        own = set(self._own())
        for name, value in params.items():
            if name in own:
                setattr(self, name, value)
            else:
                self._let = {**self._let, name: value}
        return self

    def fit(self, X: Any, y: Any) -> ArchcClassifier:
        """Trains a new network on images and their classes, which may be called anything."""
        check_classification_targets(y)
        images = check_array(X, dtype=np.float32, allow_nd=True)
        check_consistent_length(images, y)
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        self.n_features_in_ = images.shape[1]
        network = self._network(len(self.classes_))
        self.model_ = Model(network, seed=self.seed, device=self.device)
        given = {"epochs": self.epochs, "batch": self.batch, "optimizer": self.optimizer, "schedule": self.schedule}
        settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self.history_ = self.model_.train(images, labels.astype(np.int64), seed=self.seed, **settings).run()
        return self

    def _network(self, classes: int) -> Network:
        # The images come from elsewhere.
        network = compile(self.source, overrides={"data": None}, **self._let)
        if network.classes is not None and network.classes != classes:
            network = compile(self.source, overrides={"data": None, "classes": classes}, **self._let)
        outputs = int(np.prod(network.output))
        if outputs != classes:
            raise ValueError(
                f"there are {classes} classes, and the network tells {outputs} apart: end it with `linear {{classes}}`"
            )
        return network

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class for each image; the columns are in the order of `classes_`."""
        check_is_fitted(self)
        return self.model_.predict_proba(check_array(X, dtype=np.float32, allow_nd=True))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most likely class of each image."""
        classes: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return classes
