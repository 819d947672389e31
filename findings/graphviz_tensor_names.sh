#!/usr/bin/env bash
# A node called `conv1:0` and an edge from `conv1:0` meet nowhere in Python's graphviz.
#
# Software: graphviz 0.21 (Python), source text only
# Expected: `node("conv1:0")` and `edge("conv1:0", "relu")` speak of one node, as names are quoted where needed.
# Happens:  `node` quotes the name, `edge` takes the colon for a port: the edge starts at port 0 of a new node `conv1`,
#           and the named one stands alone. Backslashes in a label are escapes, `C:\\new` breaks the line, and a label
#           that begins with `<` and ends with `>` is HTML; `escape` and `nohtml` undo those two, while an edge needs
#           names without colons.
# Matters:  TensorFlow's tensors are called `name:0`, ONNX' may be called anything. Number the nodes and put names into
#           labels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    graphviz==0.21
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import graphviz

graph = graphviz.Digraph()
graph.node("conv1:0")
graph.edge("conv1:0", "relu")
graph.node("path", label="C:\\new")
graph.node("kind", label="<unknown>")
graph.node("plain", label=graphviz.escape("C:\\new"))
graph.node("also", label=graphviz.nohtml("<unknown>"))
print(graph.source)
lines = {line.strip() for line in graph.source.splitlines()}
assert '"conv1:0"' in lines and "conv1:0 -> relu" in lines
assert 'path [label="C:\\new"]' in lines and "kind [label=<unknown>]" in lines
assert 'plain [label="C:\\\\new"]' in lines and 'also [label="<unknown>"]' in lines
PYTHON
