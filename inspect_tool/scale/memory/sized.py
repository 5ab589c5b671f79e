"""A config sized for a fleet and a card: what the commands show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.memory.advice import Change, advise, plan_variants
from inspect_tool.scale.memory.estimate import Memory, estimate
from inspect_tool.scale.memory.gpus import Card, Fit, fit
from inspect_tool.scale.memory.store import model_config, model_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.scale.fleet import Fleet
    from inspect_tool.scale.memory.shape import Shape


@dataclass(frozen=True)
class Sized:
    """An estimate and what it means. ``card`` None: no GPU is here and none was named."""

    memory: Memory
    fleet: Fleet
    shape: Shape
    card: Card | None = None
    fit: Fit | None = None
    changes: tuple[Change, ...] = ()

    @property
    def fits(self) -> bool | None:
        """Whether it fits with head-room; None where there is no card to hold it against."""
        return None if self.fit is None else self.fit == "fits"

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/memory.json)."""
        card = {"name": self.card.name, "bytes": self.card.size} if self.card else None
        return {
            "architecture": self.shape.architecture,
            "processes": self.fleet.processes,
            "nodes": self.fleet.nodes,
            "strategy": str(self.fleet.strategy),
            **self.memory.to_json(),
            "gpu": card,
            "fits": self.fits,
            "fit": self.fit,
            "changes": [change.to_json() for change in self.changes],
        }


def size_config(
    values: Mapping[str, Any],
    fleet: Fleet,
    worker: Callable[[], AxolotlWorker],
    *,
    cwd: Path,
    card: Card | None = None,
    longest: int | None = None,
    model: str | None = None,
) -> Sized:
    """Estimate a config's values on ``fleet`` and hold it against ``card``.

    ``worker`` gives the axolotl worker and is called only for a model that was not looked at
    before. ``longest`` is the longest row in tokens; ``model`` a folder or name whose config.json
    counts instead of the base model's. Raises InspectError where that is not at hand or a size in
    the YAML is none.
    """
    config = model_config(values, cwd=cwd, model=model)
    found = model_of(config, plan_variants(values, fleet, cwd=cwd), worker)
    memory = estimate(values, fleet, found, cwd=cwd, longest=longest)
    if card is None:
        return Sized(memory, fleet, found.shape)
    changes = advise(values, fleet, found, card, cwd=cwd, longest=longest)
    return Sized(memory, fleet, found.shape, card, fit(memory.total, card), changes)
