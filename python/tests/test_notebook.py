"""The notebook runs from its first cell to its last."""

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
import nbformat  # noqa: E402

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples/digits.ipynb"


def test_the_notebook():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"] for output in outputs if output.output_type == "execute_result"]
    assert any("<table>" in data.get("text/html", "") for data in shown)
    printed = "".join(output["text"] for output in outputs if output.output_type == "stream")
    assert "error[E022]" in printed and "fc.weight" in printed
