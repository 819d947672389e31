#!/usr/bin/env bash
# pygls ends lines at form feeds and U+2028; the protocol that it speaks does not.
#
# Software: pygls 2.1.1 `TextDocument`
# Expected: lines end at \n, \r\n and \r, as the Language Server Protocol says and editors count.
# Happens:  pygls splits with Python's `str.splitlines`, which ends lines at form feed, vertical tab, U+001C to U+001E,
#           U+0085, U+2028 and U+2029 as well. Behind one of them `offset_at_position` and `word_at_position` look one
#           line too high, and edits that the editor sends for a line go to the line before.
# Matters:  form feeds stand in older sources, U+2028 comes with text copied from the web, into a comment. A server in
#           any language has to split by the three ends alone, and so does a test that counts lines in Python.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    pygls==2.1.1
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from lsprotocol import types
from pygls.workspace import TextDocument


def document(text):
    return TextDocument("file:///net.txt", source=text, language_id="plaintext")


SECOND = types.Position(1, 0)
for end in ("\n", "\r\n", "\r"):
    assert document(f"first{end}second\n").word_at_position(SECOND) == "second"
for inside in ("\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"):
    text = document(f"# a{inside}comment\nsecond\nthird\n")
    print(f"{inside!a:9} lines {len(text.lines)}, line 1 is {text.lines[1].rstrip()!r}", end=", ")
    print("word at its start:", text.word_at_position(SECOND))
    assert len(text.lines) == 4 and text.word_at_position(SECOND) == "comment"
edited = document("# a\fcomment\nsecond\n")
change = types.TextDocumentContentChangePartial(
    range=types.Range(start=types.Position(1, 0), end=types.Position(1, 6)), text="2nd"
)
edited.apply_change(change)
print("after line 1, characters 0 to 6, became 2nd:", repr(edited.source))
assert edited.source == "# a\f2ndt\nsecond\n"
PYTHON
