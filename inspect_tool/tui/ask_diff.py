"""Asks what training is to be held against, and opens the Diff screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tool.prompts.inference.specs import KINDS, parse_targets
from inspect_tool.tui.widgets.parts import Part

if TYPE_CHECKING:
    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.screens.choose import Choice
    from inspect_tool.tui.widgets.prompt import Question

TARGETS: Final = (
    ("chat-template", "the tokenizer's chat template, as most servers apply it"),
    ("axolotl", "what `axolotl inference` sends"),
    ("text:", "a text file with {placeholders}, as people write f-strings"),
    ("saved:", "the tokenizer and template saved in an output folder"),
    ("", "anything else that `inspect-tool diff --against` takes"),
)
"""What is offered; those that end in a colon need a path after it."""


def choose_target(app: InspectApp) -> None:
    """Let the person choose a target, then compare."""
    from inspect_tool.tui.screens.choose import ChooseScreen

    target = app.view.document.target if app.view else None
    if target is None or target.config is None:
        app.notify("no config is known to compare by: open a YAML, or press c")
        return
    if app.axolotl() is None:
        app.notify("not from a browser: run inspect-tool in a terminal")
        return

    def chosen(index: int | None) -> None:
        if index is None:
            return
        written, _ = TARGETS[index]
        if written and not written.endswith(":"):
            _open(app, written)
        else:
            _close_open(app)
            app.ask(_path(app, written))

    choices: list[Choice] = [
        ((Part(says),), (Part(written.rstrip(":"), "dim"),)) for written, says in TARGETS
    ]
    app.push_screen(ChooseScreen("Hold training against", choices), chosen)


def _path(app: InspectApp, kind: str) -> Question:
    from inspect_tool.tui.widgets.path_suggester import PathSuggester
    from inspect_tool.tui.widgets.prompt import Question

    def answer(text: str) -> str:
        _open(app, f"{kind}{text.strip()}")
        return ""

    hint = KINDS[kind.rstrip(":")] if kind else "such as openai:http://127.0.0.1:8000"
    return Question(
        f"Against {kind}", answer, placeholder=hint, suggester=PathSuggester(), leads_on=True
    )


def _open(app: InspectApp, written: str) -> None:
    """Compare; raises InspectError for a target that is none."""
    from inspect_tool.tui.diff import Asked
    from inspect_tool.tui.screens.diff import DiffScreen

    (spec,) = parse_targets([written], cwd=Path.cwd())
    target = app.view.document.target if app.view else None
    worker = app.axolotl()
    if target is None or target.config is None or worker is None:
        return
    asked = Asked(target.config, target.cwd, target.split or "train", spec)
    _close_open(app)
    app.push_screen(DiffScreen(asked, worker))


def _close_open(app: InspectApp) -> None:
    """Take away the diff that is open; another one comes, or the line to ask for it."""
    from inspect_tool.tui.screens.diff import DiffScreen

    if isinstance(app.screen, DiffScreen):
        app.pop_screen()
