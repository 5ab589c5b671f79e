"""The command line that most people type, understood without the 30 ms that typer takes.

``inspect-tool [PATH] [--config C] [--tokenizer T] [--live]`` must reach the app's first paint at
once. What does not look exactly so is left to typer, which knows the same options and how to
complain.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspect_tool.cli import COMMANDS
from inspect_tool.errors import InspectError


@dataclass(frozen=True, slots=True)
class Request:
    """What to open: the path (None: the current directory), the two overrides, live or not."""

    path: Path | None = None
    config: Path | None = None
    tokenizer: str | None = None
    live: bool = False


def quick_request(arguments: list[str]) -> Request | None:
    """Read ``[PATH] [--config C] [--tokenizer T] [--live]``; None if the line says anything else.

    Raises InspectError for a first word that is no path but nearly a command.
    """
    if arguments and arguments[0] in COMMANDS:
        return None
    options: dict[str, str] = {}
    live = False
    paths: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in {"--config", "--tokenizer"}:
            given = value if equals else next(rest, "")
            if not given or given.startswith("-"):
                return None
            options[name] = given
        elif word == "--live":
            live = True
        elif word.startswith("-"):
            return None
        else:
            paths.append(word)
    if paths:
        _refuse_misspelt(paths[0])
    if len(paths) > 1:
        return None
    config = options.get("--config")
    return Request(
        path=Path(paths[0]) if paths else None,
        config=Path(config) if config else None,
        tokenizer=options.get("--tokenizer"),
        live=live,
    )


def _refuse_misspelt(word: str) -> None:
    if "/" in word or "." in word or Path(word).exists():
        return
    import difflib

    close = difflib.get_close_matches(word, COMMANDS, n=1)
    if close:
        raise InspectError(
            "neither a path nor a command",
            place=word,
            fix=f"did you mean `inspect-tool {close[0]}`?",
        )
