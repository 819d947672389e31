import copy
import json
import os
import pickle
import subprocess

import numpy as np
import pytest
from conftest import TEXT

import archc


def test_a_network_answers(network):
    assert (network.name, network.input, network.output, network.classes) == ("small", (1, 8, 8), (10,), 10)
    # 3·3·1·4 + 4 of the convolution, 2·4 of the batch norm, 4·4·4·10 + 10 of the matrix.
    assert (network.parameters, network.trainable, network.statistics) == (40 + 8 + 650, 698, 8)
    assert network.macs == 36 * 64 + 640
    assert network.shapes["fc"] == (10,)
    assert network.weights["fc.weight"] == (10, 64)
    first = network.layers[0]
    assert (first.kind, first.inputs, first.output, first.parameters) == ("conv", ["input"], (4, 8, 8), 40)
    assert first.arithmetic == "(8 − 3 + 2·1)/1 + 1 = 8"
    assert first.receptive_field == (3, 3)
    assert repr(network) == "<archc.Network small: 1×8×8 → 10, 698 parameters>"


def test_memory(network):
    memory = network.memory(batch=8, threads=2)
    parts = [memory.weights, memory.gradients, memory.optimizer, memory.activations, memory.workspace]
    assert memory.total == sum(parts) and all(part > 0 for part in parts)
    assert network.memory().batch == 100
    largest = network.largest_batch(1 << 24, threads=2)
    assert network.memory(largest, threads=2).total <= 1 << 24 < network.memory(largest + 1, threads=2).total
    with pytest.raises(ValueError, match="at least 1"):
        network.memory(batch=0)


def test_it_prints_what_the_program_prints(network, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)

    # As wide as it gets.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}

    def program(*options):
        return subprocess.run(
            ["archc", "check", file, *options], check=True, capture_output=True, text=True, env=environment
        ).stdout

    assert network.table() == program() == str(network)
    assert network.table(depth=1) == program("--depth", "1")
    assert network.table(tree=True, batch=3) == program("--tree", "--batch", "3")
    printed = json.loads(program("--format", "json"))
    assert {**json.loads(network.to_json()), "file": str(file)}.keys() == printed.keys()
    assert json.loads(network.to_json())["total"] == printed["total"]
    assert archc.compile(file).expand() == network.expand()


def test_html_says_the_same_and_hides_nothing():
    network = archc.compile("name: a<b\ninput: [3, 8, 8]\nlayers: [conv 4 3x3 -> flatten]")
    html = network._repr_html_()
    assert "a&lt;b: 3×8×8 → 144" in html and "(8 − 3 + 2·0)/1 + 1 = 6" in html and "<b:" not in html


@pytest.mark.parametrize("width", [8, np.int64(8), 8.0])
def test_let(width):
    assert archc.compile(TEXT, width=width).shapes["pool"] == (8, 4, 4)


def test_overrides():
    network = archc.compile(
        TEXT, overrides={"data": None, "input": (1, 16, 16), "train.optimizer": "sgd lr=0.1"}, width=2
    )
    assert (network.input, network.shapes["pool"]) == ((1, 16, 16), (2, 8, 8))
    assert "sgd" in network.expand()


NESTED = 1
for _ in range(20):
    NESTED = [NESTED]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), NESTED])
def test_values_that_yaml_has_not(value):
    with pytest.raises((ValueError, TypeError)):
        archc.compile(TEXT, width=value)


def test_mistakes_are_printed_and_carried():
    text = TEXT.replace("relu", "rleu").replace("epochs", "epoch")
    with pytest.raises(archc.CompileError) as raised:
        archc.compile(text)
    error = raised.value
    assert isinstance(error, archc.Error)
    assert [one.code for one in error.diagnostics] == ["E010", "E004"]
    first = error.first
    assert str(error).startswith(str(first)) and f"--> network.yaml:{first.line}:{first.column}" in str(first)
    assert (error.code, error.message, error.line, error.column) == (
        first.code,
        first.message,
        first.line,
        first.column,
    )
    assert text.splitlines()[first.line - 1][first.column - 1 : first.end_column - 1] == "rleu"
    (suggestion,) = first.suggestions
    assert (suggestion.text, suggestion.line, suggestion.column) == ("relu", first.line, first.column)
    assert error.help == ["did you mean `relu`?"]


def test_a_wrong_let_says_what_there_is():
    with pytest.raises(archc.CompileError, match="`let` has no entry `widht` to set") as raised:
        archc.compile(TEXT, widht=8)
    assert raised.value.help == ["did you mean `width`?"]


def test_warnings_are_told():
    network = archc.compile(TEXT.replace("let: {width: 4}", "let: {width: 4, unused: 3}"))
    (warning,) = (one for one in network.warnings if "unused" in one.message)
    assert warning.severity == "warning" and warning.code.startswith("W") and warning.line == 4


def test_files(tmp_path):
    (tmp_path / "blocks.yaml").write_text("blocks: {unit(width): 'conv {width} 3x3 -> relu'}")
    file = tmp_path / "net.toml"
    file.write_text('input = [1, 8, 8]\ninclude = "blocks.yaml"\nlayers = ["unit 4", "flatten"]')
    assert archc.compile(file).name == "net"
    assert archc.compile(str(file)).output == (144,)
    with pytest.raises(FileNotFoundError, match="cannot read `nowhere.yaml`"):
        archc.compile("nowhere.yaml")
    with pytest.raises(archc.Error, match="it is a directory"):
        archc.compile(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "net.yaml").write_text("input: [1, 8, 8]\ninclude: ../blocks.yaml\nlayers: [unit 4]")
    with pytest.raises(archc.CompileError, match="allow_include="):
        archc.compile(inner / "net.yaml")
    assert archc.compile(inner / "net.yaml", allow_include=[tmp_path]).output == (4, 6, 6)


def test_a_network_can_be_copied_and_pickled(network):
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert other.expand() == network.expand()
