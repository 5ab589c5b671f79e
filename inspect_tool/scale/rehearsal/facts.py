"""What one rank saw: the file that it writes line by line while it trains, read back as values.

A line is written whole and at once, so a file can be read while the rank lives and after it was
killed. Rows are told by their content, which is the same in every process; their numbers in the
training split are there where the split could be read.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FACTS_KEY = "INSPECT_TOOL_FACTS"
"""The variable that tells a rank the folder for its file."""
WEIGHTS_KEY = "INSPECT_TOOL_WEIGHTS"
"""The variable that tells the run on one process where to keep its random weights for the other."""
WITNESS = "inspect_tool.scale.rehearsal.witness.Witness"
"""The plugin that writes the file."""


@dataclass(frozen=True)
class MicroBatch:
    """One forward and backward: content ids of its rows, its share of the loss, and its tokens.

    ``loss`` is divided by the accumulation, as it is back-propagated. ``trained`` is None where
    the batch has no labels.
    """

    ids: tuple[str, ...]
    rows: tuple[int | None, ...]
    loss: float
    trained: int | None = None


@dataclass(frozen=True)
class Step:
    """One optimizer step of one rank. ``learning_rate`` is the one applied."""

    step: int
    loss: float
    """As logged: the mean over ranks."""
    grad_norm: float | None
    learning_rate: float | None
    batches: tuple[MicroBatch, ...]
    epoch: float = 0.0


@dataclass(frozen=True)
class Process:
    """What a rank is, proven from inside it."""

    rank: int
    pid: int
    world: int
    """Of the process group; 1 where there is none."""
    heard: tuple[int, ...]
    """Ranks that answered a gather, this one included."""
    distributed: str
    """accelerate's DistributedType, such as MULTI_GPU, FSDP, DEEPSPEED or NO."""
    backend: str | None
    device: str
    stage: int | None = None
    """ZeRO's."""
    fsdp: int | None = None
    """FSDP's version."""
    main: bool = False
    """Whether axolotl takes it for the main process."""


@dataclass(frozen=True)
class Training:
    """What a rank trains: settings as the trainer has them, the split, and the first weights."""

    micro_batch: int
    accumulation: int
    steps: int
    seed: int
    seedable: bool | None
    """Whether the order of the rows is drawn from the seed alone."""
    rows: int | None
    data: str | None
    """A digest over the rows in their order."""
    packs: int | None = None
    """Micro batches of packed rows in one pass over the split; None: rows are not packed."""
    largest: int = 0
    """Elements of the largest parameter."""
    trainable: str | None = None
    frozen: str | None = None
    """Digests of the weights before the first step."""


@dataclass(frozen=True)
class Rank:
    """One rank's file; ``training`` None: it ended before the first step."""

    process: Process
    training: Training | None = None
    steps: tuple[Step, ...] = ()
    ended: bool = False
    """Whether the training loop came to its end."""
    weights: str | None = None
    """A digest of the trained weights after the last step."""
    copies: dict[str, int] = field(default_factory=dict)
    """How often the split holds a row, by content id; only those that it holds twice or more."""

    @cached_property
    def batches(self) -> tuple[MicroBatch, ...]:
        """All micro batches in their order."""
        return tuple(batch for step in self.steps for batch in step.batches)


def file_of(folder: Path, rank: int) -> Path:
    """Return the file of one rank."""
    return folder / f"rank-{rank}.jsonl"


def read_ranks(folder: Path) -> tuple[Rank, ...]:
    """Read every rank's file below ``folder``, in the order of ranks.

    A line that was cut off is left out, and so is a file without its first line.
    """
    ranks = (_read(file) for file in folder.glob("rank-*.jsonl"))
    return tuple(sorted((r for r in ranks if r is not None), key=lambda r: r.process.rank))


def _read(file: Path) -> Rank | None:
    lines: dict[str, dict[str, Any]] = {}
    steps = []
    with suppress(OSError), file.open(encoding="utf-8") as open_file:
        for text in open_file:
            with suppress(ValueError, KeyError, TypeError):
                line = json.loads(text)
                if line["kind"] == "step":
                    steps.append(_step(line))
                lines[line["kind"]] = line
    if "process" not in lines:
        return None
    begun = lines.get("training", {})
    ended = lines.get("end")
    return Rank(
        process=_process(lines["process"]),
        training=_known(Training, begun) if begun else None,
        steps=tuple(steps),
        ended=ended is not None,
        weights=ended.get("weights") if ended else None,
        copies=begun.get("copies") or {},
    )


def _process(line: dict[str, Any]) -> Process:
    process: Process = _known(Process, {**line, "heard": tuple(line.get("heard") or ())})
    return process


def _step(line: dict[str, Any]) -> Step:
    batches = tuple(
        MicroBatch(tuple(b["ids"]), tuple(b["rows"]), b["loss"], b.get("trained"))
        for b in line["batches"]
    )
    step: Step = _known(Step, {**line, "batches": batches})
    return step


def _known(kind: Any, values: dict[str, Any]) -> Any:
    return kind(**{name: values[name] for name in kind.__dataclass_fields__ if name in values})
