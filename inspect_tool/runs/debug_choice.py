"""What a person chose for a debug run, in a terminal or in the app, and the plan that follows.

Beside ``plan_debug``, which is pure, this finds out what the plan starts from: where the config's
paths begin, the run's folder, the device, the port; and fetches a base model's config.json.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import PORT, ROWS, DebugOptions, DebugPlan, plan_debug
from inspect_tool.runs.device import detect
from inspect_tool.runs.journal import free_name
from inspect_tool.runs.match import prepared_by
from inspect_tool.runs.ports import choose_port
from inspect_tool.runs.stops.places import Stops
from inspect_tool.runs.tiny.source import fetch_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Chosen:
    """One debug run as asked for; ``name`` and ``cwd`` None: found out."""

    config: Path
    options: DebugOptions = field(default_factory=DebugOptions)
    device: str = "auto"
    stop_at: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    name: str | None = None
    cwd: Path | None = None

    def with_port(self) -> Chosen:
        """Return the same with a port that is free; raises InspectError if the one asked is not."""
        if not self.options.debugger:
            return self
        port = choose_port(self.options.port)
        return replace(self, options=replace(self.options, port=port))

    def plan(self, say: Callable[[str], None]) -> DebugPlan:
        """Derive the plan; ``say`` is told why a base model's config could not be fetched.

        Raises InspectError for a config or options that cannot be meant.
        """
        config = Config.read(self.config.absolute())
        cwd = self.cwd.absolute() if self.cwd else prepared_by(config).cwd
        if not cwd.is_dir():
            raise InspectError("no such folder", place=cwd)
        folder = free_name(cwd, config.path.stem)
        if self.name:
            if "/" in self.name or self.name.startswith("."):
                raise InspectError(f"--name {self.name}: not a folder's name")
            folder = folder.with_name(self.name)
        stops = Stops.parse(self.stop_at, self.breaks, cwd=cwd)
        options = replace(self.options, stops=stops)
        device = detect(self.device)
        plan = plan_debug(config, cwd=cwd, folder=folder, options=options, device=device)
        missing = any(problem.code == "P-MODEL-MISSING" for problem in plan.problems)
        if missing and fetch_base_config(config, say):
            plan = plan_debug(config, cwd=cwd, folder=folder, options=options, device=device)
        return plan

    def command(self) -> str:
        """Return the line for a terminal that asks for the same."""
        return shlex.join(["inspect-tool", "debug", str(self.config), *self.arguments()])

    def arguments(self) -> Iterator[str]:
        """Yield the options that ask for the same, those that are as ever left out."""
        options, model = self.options, self.options.model
        if options.stage != "train":
            yield from ("--stage", options.stage)
        if not options.debugger:
            yield "--no-debugger"
        elif options.port != PORT:
            yield from ("--port", str(options.port))
        for name, number, usual in (
            ("--memorize", options.memorize, None),
            ("--steps", options.steps, None),
            ("--rows", options.rows, ROWS),
        ):
            if number != usual:
                yield from (name, str(number))
        if options.evaluate:
            yield "--evaluate"
        for name, several in (
            ("--keep", options.keep),
            ("--set", [f"{key}={json.dumps(value)}" for key, value in options.given.items()]),
            ("--stop-at", self.stop_at),
            ("--break", self.breaks),
        ):
            yield from (part for item in several for part in (name, item))
        if model.full:
            yield "--full-model"
        for name, one in (
            ("--like", model.like),
            ("--tokenizer", model.tokenizer),
            ("--device", self.device if self.device != "auto" else None),
            ("--name", self.name),
            ("--cwd", self.cwd),
        ):
            if one:
                yield from (name, str(one))


def fetch_base_config(config: Config, say: Callable[[str], None]) -> bool:
    """Fetch the base model's config.json when online; tell why where it cannot be had."""
    from huggingface_hub import constants

    name = str(config.values.get("base_model_config") or config.base_model)
    if constants.HF_HUB_OFFLINE or name.startswith((".", "/", "~")) or name.count("/") > 1:
        return False
    try:
        fetch_config(name, revision=str(config.values.get("revision_of_model") or "") or None)
    except InspectError as error:
        say(error.message)
        return False
    return True
