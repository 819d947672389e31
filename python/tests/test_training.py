import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import TEXT

import archc


def test_epochs_come_one_by_one(network):
    model = network.model(seed=1)
    before = model.state_dict()["fc.weight"]
    training = model.train(epochs=3)
    assert (training.epochs, training.steps, training.ended) == (3, 15, None)
    seen = []
    for epoch in training:
        after = model.state_dict()["fc.weight"]
        # The model has learned when the epoch is over, and learns no more before the next is asked for.
        assert (after != before).any()
        before = after
        seen.append(epoch)
    assert [epoch.epoch for epoch in seen] == [1, 2, 3] and seen == training.history
    assert training.ended == "finished" and seen[-1].val_acc > 0.9
    assert training.best.val_acc == max(epoch.val_acc for epoch in seen)
    assert next(training, None) is None
    assert not training.folder.parent.joinpath(training.folder.name, "nothing").exists()


def test_it_is_what_the_program_does(network, tmp_path):
    """The same seed gives the same bytes, whoever trains."""
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    subprocess.run(["archc", "train", "-q", "--out", tmp_path / "program", file], check=True)
    # A run of the program begins with the weights of the recipe's seed.
    training = network.model(seed=1).train(out=tmp_path / "module")
    epochs = training.run()
    for name in ("metrics.jsonl", "best.safetensors", "last.safetensors", "network.yaml"):
        assert (tmp_path / "program" / name).read_bytes() == (tmp_path / "module" / name).read_bytes(), name
    lines = [json.loads(line) for line in (tmp_path / "module" / "metrics.jsonl").read_text().splitlines()]
    assert [line["val_acc"] for line in lines] == [epoch.val_acc for epoch in epochs]
    assert (tmp_path / "module" / "report.html").exists()
    best = archc.load(tmp_path / "module")
    assert best.classes == [str(digit) for digit in range(10)]


def test_settings_are_those_of_the_file(network):
    with pytest.raises(archc.CompileError, match="`train` has no setting `epoch`") as raised:
        network.model().train(epoch=3)
    assert raised.value.help == ["did you mean `epochs`?"]
    bare = archc.compile("input: [1, 8, 8]\nlayers: [flatten -> linear 3]").model()
    with pytest.raises(archc.Error, match="does not say how to train it"):
        bare.train()
    with pytest.raises(archc.Error, match="does not say which images it is for"):
        bare.train(epochs=1, optimizer="adam")


def test_arrays(images):
    """Two classes, one bright and one dark."""
    random = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = random.random((200, 1, 4, 4)) + y[:, None, None, None]
    model = archc.compile("input: [1, 4, 4]\nlayers: [flatten -> linear 2]").model()
    training = model.train(
        x[:150], y[:150], validation=(x[150:], y[150:]), epochs=5, batch=10, optimizer="adam lr=0.05"
    )
    *_, last = training
    assert last.val_acc > 0.95
    assert (model.predict(x) == y).mean() > 0.95
    (alone,) = model.train(x, y, epochs=1, optimizer="adam")
    assert alone.val_loss is None and alone.train_loss < 0.5


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (np.zeros((2, 1, 8, 8)), [0, 10], "training image 1 has label 10, but there are 10 classes, 0 to 9"),
        (np.zeros((2, 1, 8, 8)), [0], "128 training values are not 1 images"),
        (np.full((2, 1, 8, 8), np.inf), [0, 1], "not finite"),
        (np.zeros((0, 1, 8, 8)), np.zeros(0, int), "there are no training images"),
        (np.zeros((2, 1, 8, 8)), [0, -1], "label -1 is no class"),
        (np.zeros((2, 1, 8, 8)), [0.0, 1.0], "whole numbers"),
        (np.zeros((2, 1, 8, 8)), None, "give both x and y"),
    ],
)
def test_arrays_that_are_none(network, x, y, expected):
    with pytest.raises((archc.Error, ValueError), match=expected):
        network.model().train(x, y)


def test_callbacks_hear_and_end_it(network):
    heard, steps = [], []

    def enough(epoch):
        heard.append(epoch.epoch)
        return epoch.epoch < 2

    training = network.model(seed=1).train(epochs=9, callbacks=[enough], on_step=lambda *step: steps.append(step))
    assert [epoch.epoch for epoch in training] == heard == [1, 2]
    assert training.ended == "stopped"
    assert [step[:2] for step in steps] == [(epoch, batch) for epoch in (1, 2) for batch in range(1, 16)]
    assert all(loss > 0 and 0 <= accuracy <= 1 for *_, loss, accuracy in steps)


def test_what_a_callback_raises_ends_it(network):
    class Enough(Exception):
        pass

    def raises(*_):
        raise Enough

    training = network.model().train(epochs=9, on_step=raises)
    with pytest.raises(Enough):
        next(training)
    assert training.ended == "stopped"


def test_stopping_within_an_epoch(network, tmp_path):
    training = network.model().train(epochs=9, out=tmp_path / "run", on_step=lambda *_: training.stop())
    assert list(training) == [] and training.ended == "stopped"
    # The program can go on.
    command = ["archc", "train", "-q", "--resume", tmp_path / "run", "--set", "train.epochs=1"]
    del training
    subprocess.run(command, check=True)
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1


def test_best_weights(network, tmp_path):
    model = network.model(seed=1)
    # The second epoch ruins what the first has learned.
    training = model.train(epochs=2, out=tmp_path / "run", schedule="step 1 gamma=100", restore_best=True)
    first, second = training
    assert first.is_best and not second.is_best and training.best is first
    np.testing.assert_array_equal(model.state_dict()["fc.bias"], archc.load(tmp_path / "run").state_dict()["fc.bias"])


def test_divergence_is_an_error(network):
    with pytest.raises(archc.Error, match="training diverged in epoch"):
        network.model().train(epochs=3, optimizer="sgd lr=1e30").run()


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent Ctrl-C there")
def test_ctrl_c(tmp_path):
    """Within an epoch that would take very long: the exception comes, and what was learned is there."""
    program = f"""
        import archc
        network = archc.compile({TEXT!r})
        model = network.model()
        before = model.state_dict()["fc.weight"]
        training = model.train(epochs=100000, on_step=lambda *_: print(flush=True))
        try:
            training.run()
        except KeyboardInterrupt:
            assert (model.state_dict()["fc.weight"] != before).any()
            print(training.ended)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    # The first step.
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out.split()) == (0, ["stopped"])


def test_nothing_is_left_behind(network):
    training = network.model().train(epochs=1)
    training.run()
    folder = training.folder
    assert folder.exists()
    del training
    assert not folder.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_computes(network, images):
    model = network.model(seed=1)
    logits = model.forward(images)
    process = os.fork()
    if process == 0:
        os._exit(0 if (model.forward(images) == logits).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
