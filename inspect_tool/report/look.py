"""How text is to look: colours or marks, its width, its characters; told from the terminal."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

ColorChoice = Literal["auto", "always", "never"]

MIN_WIDTH = 20
"""Narrower than this nothing can be read; lines then run over the edge."""


@dataclass(frozen=True, slots=True)
class Look:
    """``width`` in terminal cells, None for lines as long as they come.

    ``color`` tells trained and masked apart by SGR sequences, else marks do. ``unicode``: the
    output can carry any character; otherwise marks are ASCII and other characters are escaped.
    """

    color: bool = False
    unicode: bool = True
    width: int | None = None
    ids: bool = False
    whitespace: bool = False

    def with_details(self, *, ids: bool, whitespace: bool) -> Look:
        """Return the same look with token ids or white space made visible."""
        return replace(self, ids=ids, whitespace=whitespace)


def look_of(
    stream: TextIO,
    *,
    color: ColorChoice = "auto",
    ascii_only: bool = False,
    width: int | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Look:
    """Tell from ``stream`` and the environment how text on it should look.

    NO_COLOR (no-color.org) and TERM=dumb switch colours off, ``color="always"`` overrides both.
    Text is wrapped to ``width``, by default to the terminal's; not at all where there is none.
    """
    terminal = stream.isatty()
    plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    columns = width or (shutil.get_terminal_size().columns if terminal else None)
    return Look(
        color=color == "always" or (color == "auto" and terminal and not plain),
        unicode=not ascii_only and _carries_unicode(stream),
        width=max(columns, MIN_WIDTH) if columns else None,
    )


def _carries_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "ascii").lower().replace("-", "").startswith("utf")
