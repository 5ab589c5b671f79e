"""How a strategy splits weights, gradients and optimizer state, from the fleet and the YAML.

Shares are those of the ZeRO paper (Rajbhandari et al. 2020, figure 1) and of PyTorch's FSDP; what
is offloaded is read from ``fsdp_config`` and from the DeepSpeed file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.strategy import STAGES, deepspeed_of, fsdp_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUCKET = 500_000_000
"""Elements of DeepSpeed's buckets where its config names no other number."""


@dataclass(frozen=True)
class Sharding:
    """``weights``, ``gradients`` and ``optimizer`` say into how many shares each is split.

    ``master``: float32 copies of 16-bit weights are kept beside the optimizer's state. ``wide``:
    weights are float32 although the config asks for 16 bits. ``resident``: unsharded weights stay
    between forward and backward.
    """

    strategy: Strategy
    world: int
    weights: int = 1
    gradients: int = 1
    optimizer: int = 1
    master: bool = False
    wide: bool = False
    resident: bool = False
    offload_optimizer: bool = False
    offload_weights: bool = False
    bucket: int = BUCKET

    @property
    def one_precision(self) -> bool:
        """Whether embeddings and norms have the precision of all other weights."""
        return self.strategy is not Strategy.DDP


def sharding_of(
    values: Mapping[str, Any], fleet: Fleet, *, half: bool, cwd: Path | None = None
) -> tuple[Sharding, tuple[str, ...]]:
    """Return the split of a fleet, and notes on what is surprising in it.

    What the YAML says of the strategy counts where it asks for the same one.
    """
    if fleet.strategy is Strategy.FSDP:
        return _fsdp(values, fleet, half=half)
    if fleet.strategy.deepspeed:
        return _deepspeed(values, fleet, half=half, cwd=cwd)
    return Sharding(Strategy.DDP, fleet.processes), ()


def _fsdp(
    values: Mapping[str, Any], fleet: Fleet, *, half: bool
) -> tuple[Sharding, tuple[str, ...]]:
    written = fsdp_of(values)
    notes = []
    replicas = _whole(values.get("dp_replicate_size")) or 1
    degree = _whole(values.get("dp_shard_size")) or max(fleet.processes // replicas, 1)
    if degree != fleet.processes:
        notes.append(f"split over {degree} of {fleet.processes} processes (dp_shard_size)")
    first = bool(written) and str(written.get("fsdp_version")) == "1"
    trained_wide = first and half and not values.get("adapter")
    if trained_wide:
        notes.append(
            "FSDP1 keeps trained weights in float32 (accelerate); fsdp_version: 2 does not"
        )
    kept = str(written.get("reshard_after_forward", True)).lower()
    offloaded = bool(written.get("offload_params") or written.get("cpu_offload"))
    sharding = Sharding(
        Strategy.FSDP,
        fleet.processes,
        weights=degree,
        gradients=degree,
        optimizer=degree,
        wide=trained_wide,
        resident=kept in {"false", "shard_grad_op"},
        offload_optimizer=offloaded,
        offload_weights=offloaded,
    )
    return sharding, tuple(notes)


def _deepspeed(
    values: Mapping[str, Any], fleet: Fleet, *, half: bool, cwd: Path | None
) -> tuple[Sharding, tuple[str, ...]]:
    given = deepspeed_of(values, cwd=cwd)
    same = given is not None and STAGES.get(given.stage or 0) is fleet.strategy
    content = (given.content if same and given else None) or {}
    zero = content.get("zero_optimization")
    zero = zero if isinstance(zero, dict) else {}
    notes = []
    if same and given and given.content is None:
        notes.append(f"{given.file}: {given.problem}; DeepSpeed's defaults are counted")
    third = fleet.strategy is Strategy.ZERO3
    wide = third and half and bool(content) and not _explicit_half(content)
    if wide:
        notes.append(
            "ZeRO-3 makes the weights in float32: its config does not say bf16.enabled: true"
        )
    world = fleet.processes
    offload_weights = third and _offloaded(zero.get("offload_param"))
    sharding = Sharding(
        fleet.strategy,
        world,
        weights=world if third else 1,
        gradients=1 if fleet.strategy is Strategy.ZERO1 else world,
        optimizer=world,
        master=True,
        wide=wide,
        offload_optimizer=_offloaded(zero.get("offload_optimizer")),
        offload_weights=offload_weights,
        bucket=_whole(zero.get("reduce_bucket_size")) or BUCKET,
    )
    return sharding, tuple(notes)


def _explicit_half(content: Mapping[str, Any]) -> bool:
    blocks = (content.get(key) for key in ("bf16", "fp16", "bfloat16"))
    return any(isinstance(block, dict) and block.get("enabled") is True for block in blocks)


def _offloaded(block: object) -> bool:
    return isinstance(block, dict) and str(block.get("device", "none")) in {"cpu", "nvme"}


def _whole(written: object) -> int | None:
    if isinstance(written, float) and written.is_integer():
        written = int(written)
    return written if isinstance(written, int) and written > 0 else None
