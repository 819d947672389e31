"""What a release is made with, before there is one: release.py PATH_OF_ARCHC"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / ".github/release"), str(ROOT / "docs")]

from formula import ARCHIVES, formula  # noqa: E402
from notes import notes  # noqa: E402
from preprocessor import rewritten  # noqa: E402


def refused(call, *arguments):
    """What is said on the way out."""
    try:
        call(*arguments)
    except SystemExit as end:
        return str(end)
    raise AssertionError("it went through")


def test_notes():
    text = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n\n## [0.2.0] - 2026-01-02\n\n- b\n\n## 0.1.0\n"
    assert notes("0.2.0", text) == "- b" and notes("Unreleased", text) == "### Added\n\n- a"
    for version in ("0.1.0", "0.2", "0.20"):
        assert "says nothing of " + version in refused(notes, version, text)
    assert notes("Unreleased", (ROOT / "CHANGELOG.md").read_text())


def test_formula():
    names = [f"archc-1.2.3-{target}.tar.gz" for target in ARCHIVES.values()]
    sums = "".join(f"{number:064x}  {name}\n" for number, name in enumerate(names))
    text = formula("1.2.3", "owner/archc", sums)
    for number, name in enumerate(names):
        url = f'url "https://github.com/owner/archc/releases/download/v1.2.3/{name}"'
        assert url in text and text.index(url) < text.index(f'sha256 "{number:064x}"') < text.index(url) + 200
    # Each block has its end.
    words = text.split()
    assert words.count("end") == 1 + words.count("do") + words.count("def")
    assert names[0] in refused(formula, "1.2.3", "owner/archc", sums.split("\n", 1)[1])


def test_archive(program):
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder)
        for name in ("README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "architectures"):
            (inside / name).symlink_to(ROOT / name)
        script = ROOT / ".github/release/archive.sh"
        command = ["bash", script, "v1.2.3", "x86_64-unknown-linux-musl", Path(program).resolve()]
        made = subprocess.run(command, cwd=inside, check=True, capture_output=True, text=True).stdout.strip()
        assert made == "archc-1.2.3-x86_64-unknown-linux-musl.tar.gz"
        with tarfile.open(inside / made) as archive:
            names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
        # What the formula installs is there.
        wanted = {"archc", "README.md", "completions/archc.bash", "completions/archc.fish", "completions/_archc"}
        assert wanted <= names and {"man/archc.1", "man/archc-train.1"} <= names, sorted(names)


def test_links_of_the_book():
    repository = "https://github.com/owner/archc"
    for folder, text, expected in [
        ("docs", "[a](runs.md#x) `[b](../c)`", "[a](runs.md#x) `[b](../c)`"),
        ("docs", "[a](../src/lib.rs)", f"[a]({repository}/blob/HEAD/src/lib.rs)"),
        ("docs", "[a](../README.md#install)", "[a](introduction.md#install)"),
        ("", "[a](docs/runs.md) [b](CONTRIBUTING.md)", f"[a](runs.md) [b]({repository}/blob/HEAD/CONTRIBUTING.md)"),
        ("", '<img src="docs/report.png" width="7">', '<img src="report.png" width="7">'),
        ("docs", "[a](https://example.org) [b](#here)", "[a](https://example.org) [b](#here)"),
        ("docs", "```\n[a](../x)\n```", "```\n[a](../x)\n```"),
    ]:
        assert rewritten(text, folder, repository) == expected, (folder, text)


if __name__ == "__main__":
    test_notes()
    test_formula()
    test_archive(sys.argv[1])
    test_links_of_the_book()
    print("notes, formula, archive and links are as they should be")
