"""A rule: what a log says when a known failure happened, and what to tell the person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Where = Literal["error", "line", "end"]
"""Where a rule's pattern is searched: in the exceptions that ended the run; also in each line of
the log; or only in the lines of a run that ended without an error."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the text comes from: an installed ``package``'s ``file`` that holds ``text``."""

    package: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A known failure.

    ``pattern`` is searched in an exception's ``kind: message`` or in a line, see ``where``.
    ``cause``, ``fix`` and ``keys`` may name the pattern's groups in braces. ``keys`` are the YAML
    keys to look at, the likeliest first; the group ``value``, if there is one, is what the key at
    fault has for a value. ``frame`` must be part of the path of one of the error's frames.
    ``source`` is where a text stands that no machine without a GPU or network would print; a test
    holds it to the installed package.
    """

    code: str
    pattern: re.Pattern[str]
    cause: str
    fix: str
    keys: tuple[str, ...] = ()
    frame: str = ""
    where: Where = "error"
    source: Source | None = None


def said(pattern: str) -> re.Pattern[str]:
    """Compile what an error says; a dot meets no line end, ``^`` the start only."""
    return re.compile(pattern)
