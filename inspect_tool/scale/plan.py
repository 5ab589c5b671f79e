"""A config on a fleet as one value: batches, memory, findings and the commands that launch it.

Two kinds of work lie behind it: what is read here at once, and what axolotl and the model's class
say, which takes seconds the first time and is kept. The command, the app and tests show the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import refuse_odd
from inspect_tool.runs.folders import TOOL_FOLDER
from inspect_tool.runs.overrides.draft import Draft, Override
from inspect_tool.runs.tiny.source import find_config
from inspect_tool.runs.translate import translate
from inspect_tool.scale.advice import SameView, same_view
from inspect_tool.scale.answers import Answers, Question, ask, known_answers
from inspect_tool.scale.batch import Schedule, schedule
from inspect_tool.scale.capability import capability_of
from inspect_tool.scale.commands import ADDRESS, Command, Site, commands
from inspect_tool.scale.data import Data, find_data
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.gpus import Card, card_of, cards_here
from inspect_tool.scale.memory.sized import Sized, size_config
from inspect_tool.scale.packing import with_bins
from inspect_tool.scale.preflight.case import Case
from inspect_tool.scale.preflight.run import Preflight, preflight
from inspect_tool.scale.strategy import apply, deepspeed_of, strategy_of
from inspect_tool.scale.surroundings import Surroundings, look_around

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.findings import Finding
    from inspect_tool.runs.config import Config

    Worker = Callable[[], AxolotlWorker]

DERIVED = "config.yml"
NOT_ASKED = "axolotl was not asked"


@dataclass(frozen=True)
class ScaleOptions:
    """What a person chooses. ``strategy`` None: what the YAML asks for.

    ``reference`` is the number of processes that the YAML's batch and learning rate were chosen
    for; ``address`` where the other machines reach the first. ``model`` is a folder or name whose
    config.json counts instead of the base model's.
    """

    processes: int
    nodes: int = 1
    strategy: Strategy | None = None
    gpu: str | None = None
    reference: int = 1
    address: str = ADDRESS
    model: str | None = None


@dataclass(frozen=True)
class ScalePlan:
    """Everything about one launch. ``changes`` are keys that another strategy needs.

    ``schedules`` are of one process, of one machine where there are several, and of the fleet.
    ``sized`` None: ``unsized`` says why.
    """

    config: Config
    cwd: Path
    folder: Path
    options: ScaleOptions
    fleet: Fleet
    values: Mapping[str, Any] = field(repr=False)
    changes: tuple[Override, ...]
    data: Data
    schedules: tuple[Schedule, ...]
    view: SameView
    preflight: Preflight
    commands: tuple[Command, ...]
    sized: Sized | None = None
    unsized: str = ""
    answers: Answers | None = None

    @property
    def schedule(self) -> Schedule:
        """The fleet's."""
        return self.schedules[-1]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings with which nothing is launched."""
        return tuple(item for item in self.preflight.findings if item.severity == "error")

    @property
    def failed(self) -> bool:
        """Whether something is found that is worse than a remark."""
        return self.preflight.failed

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/scale.json)."""
        memory = self.sized.to_json() if self.sized else None
        said = {
            "config": str(self.config.path),
            "processes": self.fleet.processes,
            "nodes": self.fleet.nodes,
            "strategy": str(self.fleet.strategy),
            "changes": [change.to_json() for change in self.changes],
            "dataset": {"message": self.data.message, "path": _text(self.data.folder)},
            "batch": self.schedule.to_json(),
            "schedules": [item.to_json() for item in self.schedules],
            "same_view": self.view.to_json(),
            "memory": memory,
            "memory_unknown": self.unsized or None,
            "findings": [finding.to_json() for finding in self.preflight.findings],
            "checks_run": list(self.preflight.run),
            "checks_not_run": dict(self.preflight.unknown),
            "commands": [command.to_json() for command in self.commands],
        }
        plain: dict[str, Any] = json.loads(json.dumps(said, default=str))
        return plain

    def write_files(self) -> None:
        """Write what the commands read, below ``.inspect``; raises InspectError where it cannot."""
        files = {path: text for command in self.commands for path, text in command.files.items()}
        try:
            for path, text in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            ignore = self.cwd / TOOL_FOLDER / ".gitignore"
            if files and not ignore.exists():
                ignore.write_text("*\n", "ascii")
        except OSError as error:
            raise InspectError(
                f"cannot be written ({error.strerror})",
                place=self.folder,
                fix="--cwd names a folder that can be written",
            ) from None


def plan_scale(
    config: Config,
    options: ScaleOptions,
    *,
    cwd: Path,
    worker: Worker | None = None,
    surroundings: Surroundings | None = None,
) -> ScalePlan:
    """Plan ``config``, whose relative paths start from ``cwd``, on a fleet.

    ``worker`` gives the axolotl worker and is called only for what was not asked before; without
    one that stays unknown, and is listed. Raises InspectError for options that cannot be meant.
    """
    refuse_odd(config)
    launched = _launched(config, options, cwd=cwd)
    card = _card(options)
    case = with_bins(
        _case(
            config,
            options,
            launched,
            cwd=cwd,
            capability=capability_of(options.gpu or (card.name if card else None)),
            surroundings=surroundings or look_around(str(config.output_dir), cwd=cwd),
            worker=worker,
        )
    )
    sized, unsized = _sized(case, card, worker, model=options.model)
    case = replace(case, sized=sized, unsized=unsized)
    folder = cwd / TOOL_FOLDER / "scale" / _name(config, case.fleet)
    return ScalePlan(
        config=config,
        cwd=cwd,
        folder=folder,
        options=options,
        fleet=case.fleet,
        values=case.values,
        changes=launched.written.overrides,
        data=case.data,
        schedules=_schedules(case),
        view=same_view(case.recipe, case.fleet.processes, reference=options.reference),
        preflight=preflight(case),
        commands=_commands(config, launched.written, case.fleet, options, cwd=cwd, folder=folder),
        sized=sized,
        unsized=unsized,
        answers=case.answers,
    )


@dataclass(frozen=True)
class _Launched:
    """The YAML as it would be launched, ``written``, and with its removed keys translated."""

    fleet: Fleet
    written: Draft
    values: Mapping[str, Any]
    doubts: tuple[Finding, ...]
    translated: tuple[str, ...]


def _launched(config: Config, options: ScaleOptions, *, cwd: Path) -> _Launched:
    start = Draft(config.values, given={})
    doubts = translate(start)
    strategy = options.strategy or strategy_of(start.values, cwd=cwd)
    written, values = Draft(config.values, given={}), Draft(start.values, given={})
    if options.strategy is not None:
        apply(written, strategy, cwd=cwd)
        apply(values, strategy, cwd=cwd)
    return _Launched(
        fleet=Fleet(options.processes, options.nodes, strategy),
        written=written,
        values=values.values,
        doubts=(*config.problems(), *doubts),
        translated=tuple(change.key for change in start.overrides),
    )


def _case(
    config: Config,
    options: ScaleOptions,
    launched: _Launched,
    *,
    cwd: Path,
    capability: str,
    surroundings: Surroundings,
    worker: Worker | None,
) -> Case:
    data = find_data(config, cwd=cwd, worker=worker)
    asked = _question(launched, data, options, capability=capability, cwd=cwd)
    answers, unanswered = _answers(asked, worker)
    return Case(
        values=launched.values,
        fleet=launched.fleet,
        cwd=cwd,
        config=config.path,
        data=data,
        surroundings=surroundings,
        answers=answers,
        unanswered=unanswered,
        doubts=launched.doubts,
        translated=launched.translated,
        elsewhere=options.gpu is not None,
        capability=capability,
        reference=options.reference,
    )


def _question(
    launched: _Launched, data: Data, options: ScaleOptions, *, capability: str, cwd: Path
) -> Question:
    values = launched.values
    base = str(values.get("base_model_config") or values.get("base_model"))
    revision = None if options.model else str(values.get("revision_of_model") or "") or None
    deepspeed = deepspeed_of(values, cwd=cwd)
    packed = bool(values.get("sample_packing"))
    return Question(
        written=launched.written.values,
        values=values,
        cwd=cwd,
        processes=launched.fleet.processes,
        capability=capability,
        model=find_config(options.model or base, cwd=cwd, revision=revision),
        deepspeed=deepspeed.content if deepspeed else None,
        data=data.state if packed else "",
        lengths=data.lengths if packed else None,
        eval_lengths=data.eval_lengths if packed else None,
    )


def _answers(asked: Question, worker: Worker | None) -> tuple[Answers | None, str]:
    """Return what was answered, or why nothing was."""
    known = known_answers(asked)
    if known is not None or worker is None:
        return known, NOT_ASKED
    try:
        return ask(asked, worker()), ""
    except InspectError as error:
        return None, error.message


def _card(options: ScaleOptions) -> Card | None:
    if options.gpu is not None:
        return card_of(options.gpu)
    return min(cards_here(), key=lambda card: card.size, default=None)


def _sized(
    case: Case, card: Card | None, worker: Worker | None, *, model: str | None
) -> tuple[Sized | None, str]:
    """Return the estimate, or why there is none."""

    def unasked() -> AxolotlWorker:
        raise InspectError(NOT_ASKED)

    try:
        found = size_config(
            case.values,
            case.fleet,
            worker or unasked,
            cwd=case.cwd,
            card=card,
            longest=case.data.longest,
            model=model,
        )
    except InspectError as error:
        return None, str(error)
    return found, ""


def _schedules(case: Case) -> tuple[Schedule, ...]:
    counts = dict.fromkeys((1, case.reference, case.fleet.per_node, case.fleet.processes))
    ordered = sorted(count for count in counts if count <= case.fleet.processes)
    return tuple(schedule(case.recipe, count, case.data.rows) for count in ordered)


def _commands(
    config: Config,
    written: Draft,
    fleet: Fleet,
    options: ScaleOptions,
    *,
    cwd: Path,
    folder: Path,
) -> tuple[Command, ...]:
    """Launch the YAML itself; with another strategy a copy of it that asks for that one."""
    site = Site(cwd=cwd, folder=folder, address=options.address)
    if not written.overrides:
        return commands(config.path, fleet, site)
    path = folder / DERIVED
    plain = json.loads(json.dumps(dict(written.values), default=str))
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return tuple(
        replace(command, files={**command.files, path: text})
        for command in commands(path, fleet, site)
    )


def _name(config: Config, fleet: Fleet) -> str:
    machines = f"{fleet.nodes}x{fleet.per_node}" if fleet.nodes > 1 else str(fleet.processes)
    return f"{config.path.stem}-{machines}-{fleet.strategy}"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
