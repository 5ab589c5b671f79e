"""What programs say while they work for the app: axolotl's preprocessing, the axolotl worker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from textual.widgets import Log

from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType

MAX_LINES: Final = 20_000
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class OutputLog(Log):
    """Lines of other programs, harmless: their colours are dropped, other controls made visible."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, max_lines=MAX_LINES, highlight=False)

    def add(self, lines: Iterable[str]) -> None:
        """Append lines; a line that a progress bar rewrote counts in its last state."""
        self.write_lines([shown(line) for line in lines])


def shown(line: str) -> str:
    """Return a program's line as it is shown."""
    last = _ESCAPES.sub("", line).rstrip("\r\n").rsplit("\r", 1)[-1]
    return safe(last, tab="    ")
