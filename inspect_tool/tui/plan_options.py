"""What can be chosen for a debug run beside its keys: the options of ``inspect-tool debug``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import STEPS
from inspect_tool.runs.stops.places import Stops
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui import ask_plan
from inspect_tool.tui.widgets.prompt import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.runs.debug_choice import Chosen
    from inspect_tool.tui.screens.plan import PlanScreen

DEVICES: Final = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Option:
    """One thing to choose: how it stands, and what changes it; a question, where it has to be told.

    ``flag`` is what the command calls it.
    """

    title: str
    flag: str
    says: Callable[[Chosen], str]
    change: Callable[[PlanScreen], Question | None]


def breaks(screen: PlanScreen) -> Question:
    """Ask for lines to stop at each time."""
    plan = screen.planned.plan if screen.planned else None

    def answer(text: str) -> str:
        try:
            lines = tuple(shlex.split(text))
        except ValueError:
            raise InspectError(
                "a quote is not closed", fix="FILE:LINE, several with spaces"
            ) from None
        if plan is not None:
            Stops.parse((), lines, cwd=plan.launch.cwd)
        screen.replan(replace(screen.chosen, breaks=lines))
        return ""

    hint = "FILE:LINE, such as my_rewards.py:12 or axolotl/train.py:280; empty: nowhere"
    return Question("Break at", answer, value=shlex.join(screen.chosen.breaks), placeholder=hint)


def memorize(screen: PlanScreen) -> Question:
    """Ask how many rows are to be learned by heart."""
    now = screen.chosen.options.memorize

    def answer(text: str) -> str:
        number = text.strip()
        if number and not (number.isascii() and number.isdecimal() and int(number)):
            raise InspectError("no number of rows", fix="such as 4; empty: learn nothing by heart")
        screen.change(memorize=int(number) if number else None)
        return ""

    hint = "how many rows of each dataset, such as 4; empty: none"
    return Question("Learn by heart", answer, value=str(now or ""), placeholder=hint)


def name(screen: PlanScreen) -> Question:
    """Ask for the name of the run's folder."""

    def answer(text: str) -> str:
        screen.replan(replace(screen.chosen, name=text.strip() or None))
        return ""

    hint = "the run folder's name; empty: the config's, numbered"
    return Question("Name", answer, value=screen.chosen.name or "", placeholder=hint)


def _toggle_stage(screen: PlanScreen) -> None:
    stage = "preprocess" if screen.chosen.options.stage == "train" else "train"
    screen.change(stage=stage)


def _toggle_evaluate(screen: PlanScreen) -> None:
    screen.change(evaluate=not screen.chosen.options.evaluate)


def _next_device(screen: PlanScreen) -> None:
    at = DEVICES.index(screen.chosen.device)
    screen.replan(replace(screen.chosen, device=DEVICES[(at + 1) % len(DEVICES)]))


def _stage(chosen: Chosen) -> str:
    return "training" if chosen.options.stage == "train" else "preprocessing alone"


def _debugger(chosen: Chosen) -> str:
    options = chosen.options
    return f"waits for one on port {options.port}" if options.debugger else "none, it just runs"


def _model(chosen: Chosen) -> str:
    model = chosen.options.model
    if model.like:
        return f"a tiny {model.like}"
    return "base_model itself" if model.full else "a tiny random model"


def _amounts(chosen: Chosen) -> str:
    options = chosen.options
    if options.memorize is not None:
        return f"at most {options.steps} steps" if options.steps else "until they are learned"
    return f"{options.steps or STEPS} steps, first {options.rows} rows"


def _memorize(chosen: Chosen) -> str:
    rows = chosen.options.memorize
    return f"the first {rows} of each dataset" if rows else "nothing"


OPTIONS: Final = (
    Option("Runs", "--stage", _stage, _toggle_stage),
    Option("Debugger", "--no-debugger", _debugger, lambda screen: screen.action_toggle_debugger()),
    Option(
        "Stops at",
        "--stop-at",
        lambda chosen: ", ".join(chosen.stop_at) or "no named stop",
        ask_plan.choose_stops,
    ),
    Option("Breaks at", "--break", lambda chosen: " ".join(chosen.breaks) or "no line", breaks),
    Option("Trains", "--full-model --like", _model, ask_plan.choose_model),
    Option("Amount", "--steps --rows", _amounts, ask_plan.amounts),
    Option("Learns by heart", "--memorize", _memorize, memorize),
    Option(
        "Evaluates",
        "--evaluate",
        lambda chosen: "yes, on rows held out" if chosen.options.evaluate else "no",
        _toggle_evaluate,
    ),
    Option("Device", "--device", lambda chosen: chosen.device, _next_device),
    Option("Run folder", "--name", lambda chosen: chosen.name or "numbered", name),
)


def shown(option: Option, chosen: Chosen) -> str:
    """Return how an option stands, safe to print."""
    return safe(option.says(chosen), newline=" ")
