"""Every link in the pages leads somewhere: to a file of the repository and, behind `#`, to a heading of a page; the
book has every page.

links.py [ROOT]
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote


def prose(text):
    """The text without what is quoted as code."""
    text = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(`+)(?:(?!\1).)+?\1", "", text, flags=re.DOTALL)


def anchors(text):
    """What headings are called in links, by the rule of GitHub and mdBook: letters, digits, hyphens; a number for each
    further one."""
    found = set()
    text = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text, flags=re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (candidate := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(candidate)
    return found


def links(text):
    text = prose(text)
    yield from re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", text)
    yield from re.findall(r"^\[[^\]]+\]: +(\S+)", text, flags=re.MULTILINE)
    yield from re.findall(r"<(?:img|a)[^>]* (?:src|href)=\"([^\"]+)\"", text)


def main(root):
    names = subprocess.run(["git", "ls-files", "*.md"], cwd=root, check=True, capture_output=True, text=True).stdout
    wrong, count = [], 0
    for name in names.split("\n")[:-1]:
        page = root / name
        for link in links(page.read_text()):
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            path, _, anchor = link.partition("#")
            target = (page.parent / unquote(path)).resolve() if path else page
            if not target.exists():
                wrong.append(f"{name}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and unquote(anchor) not in anchors(target.read_text()):
                wrong.append(f"{name}: {link}: the page has no such heading")
    summary = root / "docs/SUMMARY.md"
    listed = {(summary.parent / link).resolve() for link in links(summary.read_text())}
    for page in sorted((root / "docs").glob("*.md")):
        if page != summary and page.resolve() not in listed and not page.name.endswith(".new.md"):
            wrong.append(f"docs/SUMMARY.md lacks {page.name}")
    # A pattern that finds none would find nothing wrong.
    if count < 50:
        wrong.append(f"only {count} links were found")
    print("\n".join(wrong) or f"{count} links lead somewhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
