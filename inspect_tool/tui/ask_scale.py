"""What the Scale screen asks: processes, machines, strategy, GPU; a command to copy; a launch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.commands import ADDRESS
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.memory.gpus import card_of
from inspect_tool.tui.own_run import own_fleet
from inspect_tool.tui.screens.choose import Choice, ChooseScreen
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.prompt import Question

if TYPE_CHECKING:
    from inspect_tool.scale.plan import ScalePlan
    from inspect_tool.scale.ranks.run import FleetRun
    from inspect_tool.tui.screens.scale import ScaleScreen

ENDS = "It ends when the app does. To leave it alone: escape, then c copies a command."
_DOES = {
    Strategy.DDP: "every process holds all of the model",
    Strategy.FSDP: "PyTorch splits weights, gradients and optimizer state",
    Strategy.ZERO1: "DeepSpeed splits the optimizer state",
    Strategy.ZERO2: "DeepSpeed splits gradients too",
    Strategy.ZERO3: "DeepSpeed splits the weights too",
}


def fleet(screen: ScaleScreen) -> Question:
    """Ask for processes and machines."""
    options = screen.options

    def answer(text: str) -> str:
        numbers = text.replace(",", " ").split()
        if len(numbers) not in {1, 2} or not all(n.isascii() and n.isdecimal() for n in numbers):
            raise InspectError("no numbers", fix="processes, and machines: 16 2")
        nodes = int(numbers[1]) if len(numbers) == 2 else 1
        screen.replan(replace(screen.options, processes=int(numbers[0]), nodes=nodes))
        return ""

    begin = f"{options.processes} {options.nodes}"
    return Question("Processes, machines", answer, value=begin, placeholder="16 2")


def gpu(screen: ScaleScreen) -> Question:
    """Ask for the GPU; empty is this machine's."""

    def answer(text: str) -> str:
        name = text.strip() or None
        if name is not None:
            card_of(name)
        screen.replan(replace(screen.options, gpu=name))
        return ""

    hint = "h100-80gb, 24gb; empty: this machine's"
    return Question("GPU", answer, value=screen.options.gpu or "", placeholder=hint)


def tuned_on(screen: ScaleScreen) -> Question:
    """Ask for how many processes the YAML's batch and learning rate were chosen."""

    def answer(text: str) -> str:
        number = text.strip()
        if not (number.isascii() and number.isdecimal() and int(number)):
            raise InspectError("no number of processes", fix="1, or as many as it was tuned on")
        screen.replan(replace(screen.options, reference=int(number)))
        return ""

    hint = "for how many processes batch and learning rate were chosen"
    return Question("Tuned on", answer, value=str(screen.options.reference), placeholder=hint)


def model(screen: ScaleScreen) -> Question:
    """Ask whose config.json counts instead of base_model's, as for gated ones."""

    def answer(text: str) -> str:
        name = text.strip()
        folder = Path(name).expanduser()
        known = str(folder.absolute()) if name and folder.is_dir() else name
        screen.replan(replace(screen.options, model=known or None))
        return ""

    hint = "a folder or name whose config.json counts; empty: base_model's"
    return Question("Model", answer, value=screen.options.model or "", placeholder=hint)


def address(screen: ScaleScreen) -> Question:
    """Ask where the other machines reach the first."""

    def answer(text: str) -> str:
        screen.replan(replace(screen.options, address=text.strip() or ADDRESS))
        return ""

    given = screen.options.address
    hint = "the first machine, as the others reach it"
    return Question("Address", answer, value=given if given != ADDRESS else "", placeholder=hint)


def choose_strategy(screen: ScaleScreen) -> None:
    """Let the person choose how the model is split."""
    strategies = [None, *Strategy]
    choices: list[Choice] = [
        (
            (Part("as the YAML asks" if one is None else one.value),),
            (Part("" if one is None else _DOES[one], "dim"),),
        )
        for one in strategies
    ]

    def answered(index: int | None) -> None:
        if index is not None:
            screen.replan(replace(screen.options, strategy=strategies[index]))

    at = strategies.index(screen.options.strategy)
    screen.app.push_screen(ChooseScreen("Split the model", choices, chosen=at), answered)


def choose_command(screen: ScaleScreen) -> None:
    """Let the person choose a command, write the files that it names, and copy it."""
    plan = screen.plan
    if plan is None:
        return
    choices: list[Choice] = []
    for command in plan.commands:
        machine = f" machine {command.node}" if plan.fleet.nodes > 1 else ""
        choices.append(((Part(f"{command.engine}{machine}"),), (Part(safe(command.note), "dim"),)))

    def answered(index: int | None) -> None:
        if index is None:
            return
        try:
            plan.write_files()
        except InspectError as problem:
            screen.notify(safe(str(problem)), severity="error", markup=False)
            return
        line = plan.commands[index].launch.command()
        screen.app.copy_to_clipboard(line)
        screen.notify(safe(line, newline=" "), title="copied", markup=False)

    screen.app.push_screen(ChooseScreen("Copy", choices), answered)


def confirm_launch(screen: ScaleScreen, plan: ScalePlan, run: FleetRun) -> None:
    """Show the very command, and start it if that is what one wants."""
    said = [f"{error.code}  {error.message}" for error in plan.errors]
    command = run.with_environment().command()
    writes = f"The model goes to {plan.config.output_dir}, the record to {run.folder}."
    text = [*said, command, writes, ENDS]
    start = "train, although the preflight found errors" if plan.errors else "train"
    choices: list[Choice] = [((Part("back"),), ()), ((Part(start),), ())]

    def answered(index: int | None) -> None:
        if index == 1:
            screen.begin(own_fleet(run), page="ranks")

    lines = "\n\n".join(safe(line, newline=" ") for line in text)
    screen.app.push_screen(ChooseScreen("Train for real?", choices, text=lines), answered)
