"""What the Plan screen asks: values, named stops, the model, steps and rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.stops.places import NAMES
from inspect_tool.runs.tiny.source import ModelChoice
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.screens.choose import Choice, ChooseScreen
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.prompt import Question

if TYPE_CHECKING:
    from inspect_tool.tui.screens.plan import PlanScreen

_DOES = {
    "tokenize": "the prompt strategy",
    "mask": "where labels become -100",
    "evaluate": "the trainer's evaluate",
    "collate": "rows become a batch",
    "loss": "the trainer's compute_loss",
    "forward": "the model's forward",
    "optimizer": "before optimizer.step()",
    "nan": "the first loss that is not finite",
    "save": "where the model is saved",
}


def set_value(screen: PlanScreen, begin: str) -> Question:
    """Ask for a key and its value."""

    def answer(text: str) -> str:
        screen.set_key(text)
        return ""

    hint = "key=value, dotted: datasets.0.path=…"
    return Question("Set", answer, value=begin, placeholder=hint, edits=True)


def amounts(screen: PlanScreen) -> Question:
    """Ask for steps and rows."""
    plan, rows = screen.planned.plan if screen.planned else None, screen.chosen.options.rows
    begin = f"{plan.values.get('max_steps', '') if plan else ''} {rows}"

    def answer(text: str) -> str:
        numbers = text.replace(",", " ").split()
        if len(numbers) != 2 or not all(n.isascii() and n.isdecimal() for n in numbers):
            raise InspectError("not two numbers", fix="steps and rows, such as 20 64")
        if not all(map(int, numbers)):
            raise InspectError("at least one of each")
        screen.change(steps=int(numbers[0]), rows=int(numbers[1]))
        return ""

    return Question("Steps and rows", answer, value=begin)


def choose_stops(screen: PlanScreen) -> None:
    """Let the person switch a named stop on or off."""
    chosen = screen.chosen
    choices: list[Choice] = [
        (
            (Part("● " if name in chosen.stop_at else "  ", "good"), Part(f"{name:<10}")),
            (Part(_DOES.get(name, ""), "dim"),),
        )
        for name in NAMES
    ]

    def answered(index: int | None) -> None:
        if index is None:
            return
        name = NAMES[index]
        others = tuple(stop for stop in chosen.stop_at if stop != name)
        stop_at = others if name in chosen.stop_at else (*others, name)
        screen.replan(replace(chosen, stop_at=stop_at))

    first = NAMES.index(chosen.stop_at[0]) if chosen.stop_at else NAMES.index("loss")
    screen.app.push_screen(ChooseScreen("Stop at", choices, chosen=first), answered)


def choose_model(screen: PlanScreen) -> None:
    """Let the person choose what is trained."""
    from inspect_tool.tui.screens.plan_options import PlanOptionsScreen

    model = screen.chosen.options.model
    choices: list[Choice] = [
        ((Part("a tiny random model of the same architecture"),), ()),
        ((Part("base_model itself"),), (Part("--full-model", "dim"),)),
        ((Part("a tiny model like another architecture"),), (Part("--like", "dim"),)),
    ]

    def answered(index: int | None) -> None:
        if index == 2:
            above = screen.app.screen
            asker = above if isinstance(above, PlanOptionsScreen) else screen
            screen.run_worker(asker.ask(_like(screen)), exit_on_error=False)
        elif index is not None:
            screen.change(model=ModelChoice(full=index == 1, tokenizer=model.tokenizer))

    at = 1 if model.full else 2 if model.like else 0
    screen.app.push_screen(ChooseScreen("Train", choices, chosen=at), answered)


def _like(screen: PlanScreen) -> Question:
    model = screen.chosen.options.model

    def answer(text: str) -> str:
        architecture, _, tokenizer = text.strip().partition(" ")
        if not architecture:
            raise InspectError("name an architecture", fix="such as: llama ./my-tokenizer")
        screen.change(
            model=ModelChoice(like=architecture, tokenizer=tokenizer.strip() or model.tokenizer)
        )
        return ""

    begin = " ".join(filter(None, (model.like, model.tokenizer)))
    hint = "ARCHITECTURE TOKENIZER_FOLDER, such as llama ./my-tokenizer"
    return Question("Like", answer, value=safe(begin), placeholder=hint)
