"""Colour, width and characters follow the terminal, and what the person says before it."""

from __future__ import annotations

import io

import pytest

from inspect_tool.report.look import MIN_WIDTH, ColorChoice, look_of


class Terminal(io.TextIOWrapper):
    """A text stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Answer as told."""
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "choice", "environment", "colored"),
    [
        (True, "auto", {}, True),
        (False, "auto", {}, False),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (False, "always", {"NO_COLOR": "1"}, True),
        (True, "never", {}, False),
    ],
)
def test_color(
    terminal: bool, choice: ColorChoice, environment: dict[str, str], colored: bool
) -> None:
    """NO_COLOR and dumb terminals switch colour off, an option overrides both."""
    look = look_of(Terminal(terminal=terminal), color=choice, environment=environment)

    assert look.color is colored


@pytest.mark.parametrize(
    ("encoding", "unicode"),
    [("utf-8", True), ("utf_8", True), ("ascii", False), ("latin-1", False)],
)
def test_characters_follow_the_encoding(encoding: str, unicode: bool) -> None:
    """Marks are ASCII where the output can carry no others."""
    stream = Terminal(terminal=False, encoding=encoding)

    assert look_of(stream, environment={}).unicode is unicode
    assert look_of(stream, environment={}, ascii_only=True).unicode is False


def test_width() -> None:
    """Pipes are not folded unless a width is asked for; no width is too narrow to read."""
    pipe = Terminal(terminal=False)

    assert look_of(pipe, environment={}).width is None
    assert look_of(pipe, environment={}, width=33).width == 33
    assert look_of(pipe, environment={}, width=1).width == MIN_WIDTH
