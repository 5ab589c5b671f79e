"""A rule: what a log says when a known failure happened, and what to tell the person."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where the text comes from: an installed ``package``'s ``file`` that holds ``text``."""

    package: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A known failure.

    ``pattern`` is searched in the exception's ``kind: message``, and with ``anywhere`` in each
    line of the log. ``cause``, ``fix`` and ``keys`` may name the pattern's groups in braces.
    ``keys`` are the YAML keys to look at, the likeliest first. ``frame`` must be part of the path
    of one of the error's frames. ``source`` is where the text stands that cannot be provoked
    without a GPU or the network; a test holds it to the installed package.
    """

    code: str
    pattern: re.Pattern[str]
    cause: str
    fix: str
    keys: tuple[str, ...] = ()
    frame: str = ""
    anywhere: bool = False
    source: Source | None = None


def said(pattern: str) -> re.Pattern[str]:
    """Compile what an error says; a dot meets no line end."""
    return re.compile(pattern)
