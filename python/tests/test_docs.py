"""The examples of docs/python.md and of the package's README do what they say."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_page(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "architectures", tmp_path / "architectures")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/python.md").read_text()
    blocks = re.findall(r"(<!-- needs (\w+) -->\n)?```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 6
    scope, run = {}, 0
    for _, needed, block in blocks:
        try:
            if needed:
                __import__(needed)
        except ImportError:
            continue
        exec(block, scope)
        run += 1
    assert run >= 5


def test_the_readme(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    shutil.copy(ROOT / "architectures/digits_cnn.yaml", tmp_path / "network.yaml")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "python/README.md").read_text(), re.DOTALL)
    exec(block, {})
    assert "20 0.9" in capsys.readouterr().out
