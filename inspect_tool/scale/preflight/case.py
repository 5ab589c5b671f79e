"""What the rules look at: a config, the fleet that it is to run on, and what is known of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.bases import absolute
from inspect_tool.scale.batch import Recipe, Schedule, schedule
from inspect_tool.scale.data import Data
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.strategy import DeepSpeedConfig, deepspeed_of, fsdp_of
from inspect_tool.scale.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.findings import Finding
    from inspect_tool.scale.answers import Answers
    from inspect_tool.scale.fleet import Fleet
    from inspect_tool.scale.memory.sized import Sized

NOT_PREPARED = "no prepared dataset was found; axolotl preprocess makes one"


@dataclass(frozen=True)
class Unknown:
    """A rule that cannot be decided, and what is missing."""

    code: str
    reason: str


@dataclass(frozen=True)
class Case:
    """One config on one fleet. ``values`` are what would be launched, paths start from ``cwd``.

    ``answers`` None: axolotl was not asked. ``elsewhere``: the fleet's GPUs were named, so this
    machine's say nothing.
    """

    values: Mapping[str, Any]
    fleet: Fleet
    cwd: Path = field(default_factory=Path.cwd)
    config: Path = Path("config.yml")
    data: Data = field(default_factory=Data)
    surroundings: Surroundings = field(default_factory=Surroundings)
    answers: Answers | None = None
    unanswered: str = "axolotl was not asked"
    """Why there are no answers."""
    doubts: tuple[Finding, ...] = ()
    """What reading and translating the YAML found by itself."""
    translated: tuple[str, ...] = ()
    """Keys that axolotl has renamed or removed."""
    sized: Sized | None = None
    unsized: str = ""
    """Why there is no estimate of the memory."""
    elsewhere: bool = False
    capability: str = "sm_90"
    reference: int = 1
    """The number of processes that the YAML's batch and rate were chosen for."""

    @cached_property
    def recipe(self) -> Recipe:
        """Batches and steps as the YAML has them."""
        return Recipe.of(self.values)

    @cached_property
    def schedule(self) -> Schedule:
        """What the run does on the fleet."""
        return schedule(self.recipe, self.fleet.processes, self.data.rows)

    @cached_property
    def fsdp(self) -> dict[str, Any]:
        """``fsdp_config`` as axolotl reads it; empty without FSDP."""
        return fsdp_of(self.values)

    @cached_property
    def deepspeed(self) -> DeepSpeedConfig | None:
        """What ``deepspeed:`` names."""
        return deepspeed_of(self.values, cwd=self.cwd)

    @property
    def many(self) -> bool:
        """Whether there is more than one process."""
        return self.fleet.processes > 1

    @property
    def shards_weights(self) -> bool:
        """Whether no process holds all weights."""
        return self.fleet.strategy in {Strategy.FSDP, Strategy.ZERO3}

    @property
    def full(self) -> bool:
        """Whether all weights are trained."""
        return not self.values.get("adapter")

    @property
    def output_dir(self) -> Path:
        """Where checkpoints are written."""
        return absolute(str(self.values.get("output_dir") or "./model-out"), base=self.cwd)
