"""What goes wrong."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._archc import Diagnostic


class Error(Exception):
    """What cannot be done, and why: data that do not fit, weights of another network, a file that cannot be written."""


class CompileError(Error):
    """A network's text has mistakes. As text it is what `archc check` prints.

    `diagnostics` has all of them, with warnings; the other attributes are those of the first error.
    """

    diagnostics: list[Diagnostic]

    def __init__(self, text: str, diagnostics: list[Diagnostic]) -> None:
        super().__init__(text)
        self.diagnostics = diagnostics

    @property
    def first(self) -> Diagnostic:
        """The first error."""
        return next(one for one in self.diagnostics if one.severity == "error")

    @property
    def code(self) -> str:
        """What `archc explain` explains: `"E022"`."""
        return self.first.code

    @property
    def message(self) -> str:
        """What is wrong, in a line."""
        return self.first.message

    @property
    def file(self) -> str:
        """The file, or what stands for it."""
        return self.first.file

    @property
    def line(self) -> int:
        """From 1."""
        return self.first.line

    @property
    def column(self) -> int:
        """From 1, in Unicode characters."""
        return self.first.column

    @property
    def help(self) -> list[str]:
        """What to do about it."""
        return self.first.help

    def __reduce__(self) -> tuple[type[Error], tuple[str]]:
        # Where it was raised, in a worker of another process say, the places are; what is passed on is the text.
        return Error, (str(self),)
