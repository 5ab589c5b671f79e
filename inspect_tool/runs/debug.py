"""A debug run as a value: the config it runs, every changed key with its reason, and the launch.

Pure: files are looked at, nothing is written and no axolotl is imported. ``debug_run`` carries a
plan out; the command line, the app and VS Code show the same one.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml

from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.runs import memorize
from inspect_tool.runs.device import CPU, Device
from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.runs.launch import Launch, python
from inspect_tool.runs.overrides import device as on_device
from inspect_tool.runs.overrides import process as on_process
from inspect_tool.runs.overrides import steps as on_steps
from inspect_tool.runs.overrides.draft import Draft, Override
from inspect_tool.runs.ports import HOST
from inspect_tool.runs.slice import slice_data
from inspect_tool.runs.stops.places import ENVIRONMENT_KEY, Stops
from inspect_tool.runs.tiny.source import Model, ModelChoice, choose_model
from inspect_tool.runs.translate import translate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inspect_tool.runs.config import Config
    from inspect_tool.runs.cut import Cut

Stage = Literal["train", "preprocess"]

PORT = 5678
STEPS = 4
ROWS = 64
RECORDER = "inspect_tool.runs.recorder.Recorder"

REMOVED_ENVIRONMENT = (
    "WORLD_SIZE",
    "RANK",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "ACCELERATE_USE_FSDP",
    "ACCELERATE_USE_DEEPSPEED",
    "ACCELERATE_MIXED_PRECISION",
    "AXOLOTL_DATASET_PROCESSES",
    "RUNPOD_CPU_COUNT",
    "HF_HUB_ENABLE_HF_TRANSFER",
)
"""What launchers leave behind and training reads before the config."""
SAFE_ENVIRONMENT = {
    "AXOLOTL_DATASET_NUM_PROC": "1",
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "WANDB_MODE": "disabled",
}
"""What every debug run's environment has, whatever its plan."""
_ONE_PROCESS = ("--configure-subProcess", "False")
"""`datasets` saves in a spawned worker, always: debugged too, it would wait for a second client."""


@dataclass(frozen=True)
class DebugOptions:
    """What a person chooses; the defaults debug a training run."""

    stage: Stage = "train"
    debugger: bool = True
    port: int = PORT
    steps: int | None = None
    """None: ``STEPS``, or as many as learning by heart may take."""
    rows: int = ROWS
    evaluate: bool = False
    keep: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    """Keys set by hand, dotted."""
    model: ModelChoice = field(default_factory=ModelChoice)
    stops: Stops = field(default_factory=Stops)
    memorize: int | None = None
    """Learn so many rows of each dataset by heart; ``rows`` does not count then."""


@dataclass(frozen=True)
class DebugPlan:
    """Everything that a debug run will do; ``folder`` is the run's, not made yet."""

    config: Path
    folder: Path
    values: Mapping[str, Any] = field(repr=False)
    overrides: tuple[Override, ...]
    translated: tuple[Override, ...]
    problems: tuple[Finding, ...]
    launch: Launch
    model: Model
    cuts: tuple[Cut, ...]
    options: DebugOptions
    device: Device = CPU

    @property
    def derived_yaml(self) -> str:
        """The config that axolotl runs."""
        head = (
            f"# Derived from {self.config.name} by inspect-tool debug; plan.json has the reasons.\n"
        )
        plain = json.loads(json.dumps(dict(self.values), default=str))
        return head + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)

    @property
    def derived_path(self) -> Path:
        """Where the derived config is written."""
        return self.folder / "config.yml"

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The problems with which a run cannot start."""
        return tuple(item for item in self.problems if item.severity == "error")

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/debug.json)."""
        plan = {
            "run": str(self.folder),
            "config": str(self.config),
            "overrides": [item.to_json() for item in self.overrides],
            "translated": [item.to_json() for item in self.translated],
            "problems": [item.to_json() for item in self.problems],
            "launch": {
                "argv": list(self.launch.argv),
                "env": dict(self.launch.env),
                "cwd": str(self.launch.cwd),
            },
            "model": self.model.to_json(),
            "device": {"kind": self.device.kind, "name": self.device.name},
            "slices": [{"source": str(c.source), "rows": c.rows} for c in self.cuts],
            "stops": self.options.stops.to_json(),
            "memorize": self.options.memorize,
            "yaml": self.derived_yaml,
        }
        decoded: dict[str, Any] = json.loads(json.dumps(plan, default=str))
        return decoded


def plan_debug(
    config: Config,
    *,
    cwd: Path,
    folder: Path,
    options: DebugOptions | None = None,
    device: Device = CPU,
) -> DebugPlan:
    """Derive the debug run of ``config``, whose relative paths start from ``cwd``.

    Raises InspectError for options that cannot be meant; what only the run would fail on is among
    the plan's problems.
    """
    chosen = options or DebugOptions()
    refuse_odd(config)
    evaluate = chosen.evaluate or "evaluate" in chosen.stops.names
    start = Draft(config.values, given={})
    doubts = translate(start)
    translated = start.overrides
    draft = Draft(start.values, keep=chosen.keep, given=chosen.given)
    model = choose_model(draft, chosen.model, cwd=cwd)
    if chosen.memorize is not None:
        memorize.refuse_unfit(draft, chosen, evaluate=evaluate)
        model = memorize.own_base(draft, model, folder, cwd=cwd, like=chosen.model.like is not None)
    on_process.one_process(draft)
    on_process.own_folder(draft, folder)
    on_device.fit(draft, device, tiny=model.tiny is not None, architecture=model.architecture)
    on_steps.few_steps(draft, steps=chosen.steps or STEPS)
    on_steps.batches(draft)
    on_steps.on_the_way(draft, evaluate=evaluate)
    on_steps.generation(draft)
    if model.tiny is not None:
        on_steps.layers(draft)
    rows, plugins = chosen.rows, [RECORDER]
    if chosen.memorize is not None:
        memorize.overfit(draft, model, samples=chosen.memorize, most=chosen.steps)
        rows, plugins = chosen.memorize, [RECORDER, memorize.PLUGIN]
    cuts, data = slice_data(draft, cwd=cwd, folder=folder / "data", rows=rows)
    _add_plugins(draft, plugins)
    draft.refuse_needless(chosen.keep)
    return DebugPlan(
        config=config.path,
        folder=folder,
        values=draft.values,
        overrides=draft.overrides,
        translated=translated,
        problems=(*config.problems(), *doubts, *model.problems, *data, *_kept(draft)),
        launch=_launch(folder, chosen, device, cwd=cwd),
        model=model,
        cuts=cuts,
        options=chosen,
        device=device,
    )


def refuse_odd(config: Config) -> None:
    """Refuse what YAML can hold and no config does: values inside themselves, keys of no text."""
    odd = next((key for key in config.values if not isinstance(key, str)), None)
    if odd is not None:
        raise InspectError(f"the key {odd!r} is no text", place=config.path)
    try:
        json.dumps(dict(config.values), default=str)
    except (ValueError, TypeError, RecursionError):
        raise InspectError("a value holds itself, or a key is no text", place=config.path) from None


def _add_plugins(draft: Draft, ours: list[str]) -> None:
    plugins = draft.get("plugins")
    names = list(plugins) if isinstance(plugins, list) else []
    reason = "records every step's metrics in the run's folder"
    if memorize.PLUGIN in ours:
        reason += "; ends once all is learned by heart"
    draft.set("plugins", [*names, *ours], reason)


def _kept(draft: Draft) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            code="P-DEBUG-KEPT",
            severity="warning",
            message=f"{key} is kept, so the run writes outside its own folder",
            key=key,
            fix=f"leave out --keep {key}",
        )
        for key in draft.kept
        if key in on_process.GUARDED or on_process.is_tracker(key)
    )


def _launch(folder: Path, options: DebugOptions, device: Device, *, cwd: Path) -> Launch:
    module = f"axolotl.cli.{options.stage}"
    program: tuple[str, ...] = ("-m", module, str(folder / "config.yml"))
    if options.stops:
        program = ("-m", "inspect_tool.runs.stops.main", *program[1:])
    if options.debugger:
        listening = ("--listen", f"{HOST}:{options.port}", "--wait-for-client")
        debugpy = ("-Xfrozen_modules=off", "-m", "debugpy", *_ONE_PROCESS, *listening)
        program = (*debugpy, *program)
    return Launch(argv=python(*program), cwd=cwd, env=_environment(folder, options, device))


def _environment(folder: Path, options: DebugOptions, device: Device) -> dict[str, str | None]:
    removed = {name: None for name in REMOVED_ENVIRONMENT if name in os.environ}
    return {
        **removed,
        **SAFE_ENVIRONMENT,
        "CUDA_VISIBLE_DEVICES": device.visible,
        "HF_DATASETS_CACHE": str(folder / "hf_datasets"),
        RUN_KEY: str(folder),
        **({"OMP_WAIT_POLICY": "PASSIVE"} if options.memorize and device.kind == "cpu" else {}),
        **({ENVIRONMENT_KEY: options.stops.environment()} if options.stops else {}),
    }
