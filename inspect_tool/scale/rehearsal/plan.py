"""A rehearsal as a value: two configs, derived alike, and the two launches.

Pure like a debug plan, on which it builds: files are looked at, nothing is written or started.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psutil
import yaml

from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.runs.debug import DebugOptions, DebugPlan, plan_debug
from inspect_tool.runs.device import CPU, Device
from inspect_tool.runs.journal import CONFIG, RUN_KEY
from inspect_tool.runs.overrides.draft import Draft, Override
from inspect_tool.runs.ports import choose_port
from inspect_tool.runs.tiny.source import ModelChoice
from inspect_tool.runs.translate import translate
from inspect_tool.scale.commands import Command, Site, accelerate
from inspect_tool.scale.fleet import RIG, Fleet
from inspect_tool.scale.rehearsal import engine, parity
from inspect_tool.scale.rehearsal.facts import FACTS_KEY, WEIGHTS_KEY, WITNESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.runs.config import Config

Which = Literal["one", "many"]

STEPS = 3
"""A wrong learning rate shows in the second step's loss, and is plain in the third's."""
ROWS = 64
"""At least so many rows of each dataset; more where the steps of many processes take more."""
BYTES_A_PROCESS = 2_000_000_000

_LEFT_BY_LAUNCHERS = ("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "TORCHELASTIC_")
"""Variables that launchers leave behind, and that accelerate reads before any config."""


@dataclass(frozen=True)
class RehearsalOptions:
    """What a person chooses. ``processes`` None: as many as asked for that this machine can run."""

    steps: int = STEPS
    processes: int | None = None
    keep: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    model: ModelChoice = field(default_factory=ModelChoice)


@dataclass(frozen=True)
class Part:
    """One of the two runs: its own folder, its config, and the command that starts it."""

    which: Which
    folder: Path
    values: Mapping[str, Any] = field(repr=False)
    command: Command
    processes: int

    @property
    def config(self) -> Path:
        """The config that axolotl reads."""
        return self.folder / CONFIG

    @property
    def yaml(self) -> str:
        """Its text."""
        plain = json.loads(json.dumps(dict(self.values), default=str))
        head = "# Derived by inspect-tool scale --rehearse; ../plan.json has the reasons.\n"
        return head + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


@dataclass(frozen=True)
class RehearsalPlan:
    """Everything that a rehearsal will do. ``fleet`` is what runs here, ``asked`` what will."""

    base: DebugPlan
    asked: Fleet
    fleet: Fleet
    one: Part
    many: Part
    overrides: tuple[Override, ...]
    notes: tuple[Finding, ...] = ()
    device: Device = CPU

    @property
    def folder(self) -> Path:
        """The rehearsal's own folder; the two runs lie below it."""
        return self.base.folder

    def to_json(self) -> dict[str, Any]:
        """Return what plan.json holds: the derivation, and what each of the two runs is."""
        parts = {
            str(part.which): {"yaml": part.yaml, **part.command.to_json()}
            for part in (self.one, self.many)
        }
        plan: dict[str, Any] = {
            **self.base.to_json(),
            "overrides": [item.to_json() for item in self.overrides],
            "processes": self.fleet.processes,
            "strategy": str(self.fleet.strategy),
            **parts,
        }
        decoded: dict[str, Any] = json.loads(json.dumps(plan, default=str))
        return decoded


def plan_rehearsal(
    config: Config,
    fleet: Fleet,
    *,
    cwd: Path,
    folder: Path,
    options: RehearsalOptions | None = None,
    device: Device = CPU,
    gpus: int = 0,
) -> RehearsalPlan:
    """Derive both runs of ``config``, whose relative paths start from ``cwd``.

    ``gpus`` is how many GPUs are visible; with fewer than processes, all run on the CPU. Raises
    InspectError for what cannot be rehearsed.
    """
    chosen = options or RehearsalOptions()
    start = Draft(config.values, given={})
    translate(start)
    written = start.values
    parity.refuse_random(written)
    here, where = _fleet_here(fleet, chosen, device, gpus)
    accumulation = parity.rehearsed_accumulation({**written, **chosen.given})
    rows = chosen.steps * here.processes * parity.most_rows({**written, **chosen.given})
    base = _base(config, chosen, written, where, cwd=cwd, folder=folder, rows=max(ROWS, rows))
    common = Draft(base.values, keep=[key for key in chosen.keep if key != "plugins"], given={})
    parity.fix(common, base)
    _plugins(common, where)
    many = Draft(common.values, given={})
    engine.use(many, written, here, asked=fleet, device=where, cwd=cwd)
    _load_weights(many, base)
    many.set("ddp_timeout", parity.TIMEOUT_SECONDS, "a rank that waits in vain gives up")
    one = Draft(common.values, given={})
    for draft, factor in ((one, here.processes), (many, 1)):
        reason = "the same micro batches in every step, on one process as on all of them"
        draft.set("gradient_accumulation_steps", accumulation * factor, reason)
    return RehearsalPlan(
        base=base,
        asked=fleet,
        fleet=here,
        one=_part("one", one, base, Fleet(1, strategy=fleet.strategy), device=where),
        many=_part("many", many, base, here, device=where),
        overrides=(*base.overrides, *common.overrides, *many.overrides),
        notes=_notes(fleet, here, written, gpus),
        device=where,
    )


def _base(
    config: Config,
    chosen: RehearsalOptions,
    written: Mapping[str, Any],
    device: Device,
    *,
    cwd: Path,
    folder: Path,
    rows: int,
) -> DebugPlan:
    kept = [key for key in engine.BOTH if written.get(key) is not None]
    if parity.packs(written):
        kept.append("sample_packing")
    options = DebugOptions(
        debugger=False,
        steps=chosen.steps,
        rows=rows,
        keep=tuple(dict.fromkeys((*chosen.keep, *kept))),
        given=chosen.given,
        model=chosen.model,
    )
    return plan_debug(config, cwd=cwd, folder=folder, options=options, device=device)


def _fleet_here(
    fleet: Fleet, chosen: RehearsalOptions, device: Device, gpus: int
) -> tuple[Fleet, Device]:
    """Return how many processes this machine runs, and on what; it is one machine in any case."""
    if fleet.processes < 2:
        raise InspectError("one process is the reference", fix="--processes 2, or more")
    wanted = chosen.processes or fleet.processes
    if wanted < 2:
        raise InspectError("a rehearsal compares one process with at least two")
    if device.kind == "cuda" and gpus >= wanted:
        return Fleet(wanted, strategy=fleet.strategy), device
    if chosen.processes is None:
        room = psutil.virtual_memory().available // BYTES_A_PROCESS
        wanted = min(wanted, max(2, min(os.cpu_count() or 1, room)))
    return Fleet(wanted, strategy=fleet.strategy), replace(CPU, packages=device.packages)


def _plugins(draft: Draft, device: Device) -> None:
    names = [WITNESS, *(draft.get("plugins") or [])]
    if device.kind == "cpu":
        names.insert(0, RIG)
    draft.set("plugins", names, "each rank writes down what it is and what it trains on")


def _load_weights(draft: Draft, base: DebugPlan) -> None:
    if draft.get("reinit_weights"):
        reason = "the random weights that the run on one process has made, read as real ones are"
        draft.set("base_model", str(weights_of(base)), reason)
        draft.remove(reason, "reinit_weights")


def weights_of(base: DebugPlan) -> Path:
    """Return the folder for the tiny model's weights; axolotl looks for words in its name."""
    return base.folder / "weights" / Path(base.model.path).name


def _part(which: Which, draft: Draft, base: DebugPlan, fleet: Fleet, *, device: Device) -> Part:
    folder = base.folder / which
    draft.set("output_dir", str(folder / "out"), "each of the two runs has its own")
    site = Site(cwd=base.launch.cwd, folder=folder, port=choose_port(0))
    command = accelerate(folder / CONFIG, fleet, site)
    env = {**_environment(base, device), RUN_KEY: str(folder), FACTS_KEY: str(folder)}
    if which == "one" and base.model.tiny is not None:
        env[WEIGHTS_KEY] = str(weights_of(base))
    launch = replace(command.launch, env=env)
    return Part(which, folder, draft.values, replace(command, launch=launch), fleet.processes)


def _environment(base: DebugPlan, device: Device) -> dict[str, str | None]:
    left = {name: None for name in os.environ if name.startswith(_LEFT_BY_LAUNCHERS)}
    env = {**left, **base.launch.env}
    if device.kind == "cpu":
        return {**env, "CUDA_VISIBLE_DEVICES": "", "DS_ACCELERATOR": "cpu"}
    env.pop("CUDA_VISIBLE_DEVICES", None)
    return env


def _notes(asked: Fleet, here: Fleet, written: Mapping[str, Any], gpus: int) -> tuple[Finding, ...]:
    notes = [
        Finding(
            code="R-LEFT-OUT",
            severity="info",
            message=f"{key} is not rehearsed: the tiny model is not split that way",
            key=key,
        )
        for key in parity.left_out(written)
    ]
    if asked.nodes > 1:
        together = Finding(
            code="R-LEFT-OUT",
            severity="info",
            message=f"{asked.nodes} machines are not rehearsed: all processes run on this one",
            fix="the commands of the plan run on each machine",
        )
        notes.insert(0, together)
    if here.processes < asked.processes:
        fewer = Finding(
            code="R-FEWER",
            severity="info",
            message=f"rehearsed with {here.processes} of {asked.processes} processes: "
            f"{gpus or 'no'} GPUs and {os.cpu_count()} cores here",
            fix="on a machine with more of them the same command uses them",
        )
        notes.insert(0, fewer)
    return tuple(notes)
