"""Prints what CHANGELOG.md says of a version: notes.py VERSION"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def notes(version, text):
    """The section of a version, without its heading. A heading may have a date behind the version."""
    found = re.search(rf"^## \[?{re.escape(version)}\]?(?: [^\n]*)?\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None or not found.group(1).strip():
        versions = ", ".join(re.findall(r"^## \[?([^\]\s]+)", text, re.MULTILINE))
        sys.exit(f"CHANGELOG.md says nothing of {version}; it has {versions}")
    return found.group(1).strip()


if __name__ == "__main__":
    print(notes(sys.argv[1].removeprefix("v"), CHANGELOG.read_text()))
