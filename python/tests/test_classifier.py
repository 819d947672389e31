import numpy as np
import pytest
from conftest import TEXT

import archc

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler  # noqa: E402


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    return images / 16, np.array([f"digit {label}" for label in labels])


def classifier(**settings):
    return archc.ArchcClassifier(TEXT, **{"epochs": 3, **settings})


def test_fit_and_predict(digits):
    images, labels = digits
    fitted = classifier().fit(images[:1200], labels[:1200])
    assert fitted.score(images[1200:], labels[1200:]) > 0.85
    assert set(fitted.predict(images[:50])) <= set(labels)
    probabilities = fitted.predict_proba(images[:5])
    assert probabilities.shape == (5, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (fitted.classes_ == np.unique(labels)).all() and fitted.n_features_in_ == 64
    assert [epoch.epoch for epoch in fitted.history_] == [1, 2, 3]


def test_parameters_are_those_of_scikit_learn():
    one = classifier(width=6, seed=3)
    assert one.get_params()["width"] == 6 and one.get_params()["seed"] == 3
    other = clone(one).set_params(width=7, epochs=1, depth=2)
    assert (other.get_params()["width"], other.epochs, other.get_params()["depth"]) == (7, 1, 2)
    assert one.get_params()["width"] == 6 and "depth" not in one.get_params()
    assert "width=6" in repr(one)
    with pytest.raises(archc.CompileError, match="`depth`"):
        other.fit(np.zeros((4, 64)), [0, 1, 0, 1])


def test_grid_search_goes_over_let(digits):
    images, labels = (part[:400] for part in digits)
    search = GridSearchCV(classifier(epochs=2), {"width": [1, 6], "optimizer": ["adam lr=0.02", "sgd lr=1e-6"]}, cv=2)
    search.fit(images, labels)
    assert search.best_params_ == {"width": 6, "optimizer": "adam lr=0.02"}
    assert search.best_estimator_.model_.network.shapes["pool"] == (6, 4, 4)


def test_cross_validation_in_a_pipeline(digits):
    images, labels = (part[:600] for part in digits)
    scores = cross_val_score(make_pipeline(MinMaxScaler(), classifier()), images * 16, labels, cv=2)
    assert scores.min() > 0.5


def test_the_number_of_classes_follows_the_labels(digits):
    images, labels = digits
    few = np.isin(labels, ["digit 0", "digit 1", "digit 2"])
    fitted = classifier(epochs=2).fit(images[few], labels[few])
    assert fitted.predict_proba(images[:2]).shape == (2, 3)
    with pytest.raises(ValueError, match="there are 2 classes, and the network tells 10 apart"):
        archc.ArchcClassifier("input: [1, 8, 8]\nlayers: [flatten -> linear 10]").fit(np.zeros((2, 64)), [0, 1])
