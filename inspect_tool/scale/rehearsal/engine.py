"""The keys with which the run on many processes uses the strategy that was asked for.

The debug derivation took every key of it out. What a person wrote comes back, save for what a tiny
model in float32, or a CPU, cannot do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.overrides.process import DISTRIBUTED
from inspect_tool.scale import strategy as strategies
from inspect_tool.scale.fleet import Fleet, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inspect_tool.runs.device import Device
    from inspect_tool.runs.overrides.draft import Draft

BOTH = ("accelerator_config",)
"""How rows are dealt out; the run on one process keeps it too."""
MANY = ("ddp", "ddp_bucket_cap_mb", "ddp_broadcast_buffers", "ddp_find_unused_parameters")

AS_WRITTEN = "as in your config"


def use(
    draft: Draft,
    written: Mapping[str, Any],
    fleet: Fleet,
    *,
    asked: Fleet,
    device: Device,
    cwd: Path,
) -> None:
    """Make ``draft`` train on ``fleet`` as ``written`` would; ``asked`` is the fleet in full.

    Raises InspectError where DeepSpeed is needed and is not installed.
    """
    if fleet.strategy.deepspeed and "deepspeed" not in device.packages:
        raise InspectError(
            f"DeepSpeed is not installed here, so {fleet.strategy} cannot be rehearsed",
            fix="pip install 'deepspeed>=0.18.6,<0.19', or --strategy fsdp, which splits as much",
        )
    for key in (*MANY, *strategies.FSDP_KEYS, *strategies.DEEPSPEED_KEYS, *_mesh(fleet, asked)):
        if key in DISTRIBUTED and written.get(key) is not None:
            draft.set(key, written[key], AS_WRITTEN)
    strategies.apply(draft, fleet.strategy, cwd=cwd)
    if fleet.strategy is Strategy.FSDP:
        _fit_fsdp(draft, device)
    elif fleet.strategy.deepspeed:
        _fit_zero(draft, fleet.strategy, device, cwd=cwd)


def _mesh(fleet: Fleet, asked: Fleet) -> tuple[str, ...]:
    """A mesh is as large as the fleet that it was written for."""
    return strategies.MESH_KEYS if fleet.processes == asked.processes else ()


def _fit_fsdp(draft: Draft, device: Device) -> None:
    if device.kind != "cpu":
        return
    written = strategies.fsdp_of(draft.values)
    if str(written.get("fsdp_version")) != "2":
        draft.remove("FSDP 1 does not run on a CPU", "fsdp", "fsdp_final_state_dict_type")
        draft.set("fsdp_version", 2, "FSDP 1 does not run on a CPU; 2 splits the same")
        draft.set("fsdp_config", strategies.fsdp_config(draft.values), "keys of version 2")
    for key in ("offload_params", "activation_checkpointing"):
        if draft.get(f"fsdp_config.{key}"):
            draft.set(f"fsdp_config.{key}", False, "there is no GPU memory to save")


def _fit_zero(draft: Draft, strategy: Strategy, device: Device, *, cwd: Path) -> None:
    """Keep what is written for the ZeRO stage; precision and sizes are the derived config's."""
    given = strategies.deepspeed_of(draft.values, cwd=cwd)
    content = dict(given.content or {}) if given else {}
    plain = strategies.zero_config(draft.values, strategy)
    zero = content.get("zero_optimization")
    if isinstance(zero, dict):
        kept = {k: v for k, v in zero.items() if device.kind != "cpu" or "offload" not in k}
        plain["zero_optimization"] = {**plain["zero_optimization"], **kept}
    draft.set("deepspeed", plain, "precision of the tiny model; offloading needs a GPU")
