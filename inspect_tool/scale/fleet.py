"""How many processes train one config, on how many machines, and how the model is split."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inspect_tool.errors import InspectError

RIG = "inspect_tool.scale.rig.CpuRig"
"""The axolotl plugin by which ranks without GPUs meet; by name, as its module imports torch."""


class Strategy(StrEnum):
    """How weights, gradients and optimizer state lie on the processes."""

    DDP = "ddp"
    """Every process holds all of it."""
    FSDP = "fsdp"
    """PyTorch's fully sharded data parallel, version 2."""
    ZERO1 = "zero1"
    """DeepSpeed: the optimizer state is split."""
    ZERO2 = "zero2"
    """DeepSpeed: the gradients too."""
    ZERO3 = "zero3"
    """DeepSpeed: the weights too."""

    @property
    def deepspeed(self) -> bool:
        """Whether DeepSpeed does it."""
        return self in {Strategy.ZERO1, Strategy.ZERO2, Strategy.ZERO3}


@dataclass(frozen=True)
class Fleet:
    """``processes`` in all, one a GPU, the same number on each of ``nodes`` machines.

    Raises InspectError where that does not come out even: accelerate would drop the remainder
    without a word (``num_processes // num_machines``).
    """

    processes: int
    nodes: int = 1
    strategy: Strategy = Strategy.DDP

    def __post_init__(self) -> None:
        if self.processes < 1 or self.nodes < 1:
            raise InspectError("a run needs at least one process and one machine")
        if self.processes % self.nodes:
            raise InspectError(
                f"{self.processes} processes do not divide by {self.nodes} machines",
                fix="--processes counts all of them, over every machine",
            )

    @property
    def per_node(self) -> int:
        """Return the processes on each machine."""
        return self.processes // self.nodes
