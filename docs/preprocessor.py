"""A preprocessor of mdBook. Links in the pages are those of the repository, so that they work there too: in the book,
those out of docs/ lead to the repository, and those of the introduction, which is the README, lead to pages.

GITHUB_REPOSITORY, as a workflow sets it, says which repository that is.
"""

import json
import os
import posixpath
import re
import sys


def rewritten(content, folder, repository):
    """The text of a page that lies in `folder` of the repository."""

    def replace(match):
        before, target, after = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match.group(0)
        path, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        inside = path.removeprefix("docs/")
        if path == "README.md":
            inside = "introduction.md"
        elif inside == path:
            inside = f"{repository}/blob/HEAD/{path}"
        return before + inside + (f"#{anchor}" if anchor else "") + after

    # What is quoted as code stays.
    parts = re.split(r"(^```.*?^```|`[^`\n]+`)", content, flags=re.DOTALL | re.MULTILINE)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"(\]\()([^)\s]+)(\))", replace, parts[index])
        parts[index] = re.sub(r"(<img[^>]* src=\")([^\"]+)(\")", replace, parts[index])
    return "".join(parts)


def visit(items, repository):
    for item in items:
        if chapter := isinstance(item, dict) and item.get("Chapter"):
            folder = "" if chapter.get("path") == "introduction.md" else "docs"
            chapter["content"] = rewritten(chapter["content"], folder, repository)
            visit(chapter["sub_items"], repository)


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    _, book = json.load(sys.stdin)
    repository = "https://github.com/" + os.environ.get("GITHUB_REPOSITORY", "archc/archc")
    visit(book.get("items", book.get("sections")), repository)
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
