"""Recorded batches as rows to look at: tokens with labels or heat, where samples end, padding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.sample import IGNORE_INDEX, Sample
from inspect_tool.tui.chart import number
from inspect_tool.tui.marked import Marked
from inspect_tool.tui.widgets.token_paint import HOTTEST, NOT_FINITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.findings import Finding
    from inspect_tool.runs.batch_parts import Part
    from inspect_tool.runs.batches import Batch, BatchSequence

SHORT: Final = 12


@dataclass(frozen=True, eq=False)
class BatchRow:
    """One row of one sequence of a batch; ``loss`` float32[n], nan where there is none."""

    batch: Batch
    name: str
    number: int
    labels: Marked
    """The row coloured by its labels."""
    parts: tuple[Part, ...]
    loss: NDArray[np.float32] | None
    scale: tuple[float, float]
    """The lowest and the highest loss of a token of the batch."""

    @cached_property
    def heat(self) -> Marked | None:
        """The row coloured by the loss of its tokens; None where they have none."""
        if self.loss is None:
            return None
        plain = self.labels
        return Marked(
            name=plain.name,
            ids=plain.ids,
            labels=plain.labels,
            attention=plain.attention,
            positions=plain.positions,
            ends=plain.ends,
            padding=plain.padding,
            heat=heat_levels(self.loss, self._asked, self.scale),
            values=tuple("" if math.isnan(x) else f"{x:.1f}" for x in self.loss.tolist()),
        )

    @cached_property
    def sample(self) -> Sample:
        """The row with what is known of its batch, as the inspector shows samples."""
        batch = self.batch
        columns: dict[str, object] = {
            "step": batch.step,
            "micro batch": batch.micro_batch,
            "phase": batch.phase,
            "recorded as": batch.reason,
            "loss": round(batch.loss, 6),
        }
        if batch.mean_token_loss is not None:
            columns["mean of tokens"] = round(batch.mean_token_loss, 4)
        if batch.usual_loss is not None:
            columns["usual loss"] = round(batch.usual_loss, 4)
        columns |= {f"left out: {item.name}": item.why for item in batch.left_out}
        return Sample(self.number, "batch", (self.labels,), columns)

    @property
    def tokens(self) -> int:
        """How many tokens are no padding."""
        padding = self.labels.padding
        return len(self.labels) - (int(np.count_nonzero(padding)) if padding is not None else 0)

    def facts(self, index: int) -> list[Fact]:
        """Return what a batch adds to what is known of a token: its loss, and where it is from."""
        facts = []
        if self.loss is None:
            facts.append(
                Fact("loss", safe(self.batch.token_loss_missing or "not recorded", newline=" "))
            )
        elif index < len(self.loss):
            facts.append(_loss_fact(float(self.loss[index]), asked=bool(self._asked[index])))
        samples = [part for part in self.parts if not part.padding]
        for count, part in enumerate(samples, 1):
            if part.start <= index < part.stop:
                facts.append(Fact("sample", f"{count} of {len(samples)}, {safe(str(part))}"))
        return facts

    @cached_property
    def not_finite(self) -> bool:
        """Whether a token that enters the loss has none that is a number."""
        heat = self.heat.heat if self.heat is not None else None
        return heat is not None and NOT_FINITE in heat

    @cached_property
    def _asked(self) -> NDArray[np.bool_]:
        """Which tokens enter the loss, bool[n]; the first of a row is never predicted."""
        assert self.loss is not None
        trained = self.labels.trained
        asked = ~np.isnan(self.loss) if trained is None else trained.copy()
        asked[:1] = False
        return np.asarray(asked)


@dataclass(frozen=True, eq=False)
class BatchRows:
    """One batch with its rows, or why they cannot be read."""

    batch: Batch
    rows: tuple[BatchRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: InspectError | None = None

    @property
    def place(self) -> str:
        """Where in the run the batch was met."""
        micro = f", micro batch {self.batch.micro_batch}"
        return safe(f"{self.batch.phase} step {self.batch.step}{micro}", newline=" ")


def rows_of(batch: Batch) -> BatchRows:
    """Read a batch, find where its samples are from, and check it; blocks.

    A line or a file that somebody changed must not end the looking at the others.
    """
    try:
        return BatchRows(batch, tuple(_rows(batch)), batch.findings)
    except InspectError as problem:
        return BatchRows(batch, problem=problem)
    except (ValueError, TypeError, LookupError, OSError) as error:
        said = f"the batch cannot be read ({error})"
        return BatchRows(batch, problem=InspectError(said, place=batch.path))


def heat_levels(
    loss: NDArray[np.float32], asked: NDArray[np.bool_], scale: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return each token's level, uint8[n]: 1 to HOTTEST in equal steps of ``scale``, 0 for none."""
    low, high = scale
    finite = np.isfinite(loss)
    width = (high - low) / HOTTEST or 1.0
    levels = np.zeros(len(loss), dtype=np.uint8)
    steps = np.floor((loss[finite] - low) / width).astype(np.int64)
    levels[finite] = 1 + np.clip(steps, 0, HOTTEST - 1)
    levels[asked & ~finite] = NOT_FINITE
    return levels


def bounds_of(scale: tuple[float, float]) -> list[str]:
    """Return the lower end of each level of heat, then the upper end of the last."""
    low, high = scale
    return [number(low + (high - low) * step / HOTTEST) for step in range(HOTTEST + 1)]


def _rows(batch: Batch) -> Iterator[BatchRow]:
    for sequence in batch.sequences:
        parts, scale = batch.parts(sequence), _scale(sequence)
        for index in range(len(sequence.ids)):
            named = batch.row_names[index] if index < len(batch.row_names) else ""
            yield BatchRow(
                batch=batch,
                name=named or ("" if sequence.name == "input_ids" else sequence.name),
                number=index,
                labels=_marked(sequence, index, parts[index]),
                parts=parts[index],
                loss=None if sequence.loss is None else sequence.loss[index],
                scale=scale,
            )


def _scale(sequence: BatchSequence) -> tuple[float, float]:
    finite = np.empty(0) if sequence.loss is None else sequence.loss[np.isfinite(sequence.loss)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _marked(sequence: BatchSequence, index: int, parts: tuple[Part, ...]) -> Marked:
    ids = sequence.ids[index]
    labels = None if sequence.labels is None else sequence.labels[index]
    trained = sequence.trained
    if labels is None and trained is not None:
        labels = np.where(trained[index], ids, IGNORE_INDEX)
    padding = np.zeros(len(ids), dtype=np.bool_)
    for part in parts:
        padding[part.start : part.stop] |= part.padding
    positions = None if sequence.positions is None else sequence.positions[index]
    return Marked(
        name=sequence.name,
        ids=ids,
        labels=labels,
        attention=None if sequence.attention is None else sequence.attention[index],
        positions=positions,
        ends=_ends(parts, positions),
        padding=padding,
    )


def _ends(parts: tuple[Part, ...], positions: NDArray[np.integer] | None) -> dict[int, str]:
    """Return what is said where each sample ends: which it was, and what comes after it."""
    samples = [part for part in parts if not part.padding and len(part)]
    starts = {part.start for part in samples}
    ends = {}
    for count, part in enumerate(samples, 1):
        said = f" ┃ sample {count} of {len(samples)}"
        said += f": {safe(str(part), newline=' ')}" if part.rows else ""
        if part.stop in starts and positions is not None:
            restarts = int(positions[part.stop]) == 0
            said += "; positions restart" if restarts else "; positions go on"
        padding = _padding_after(part, parts)
        said += f"; padding follows, {padding:,}" if padding else ""
        ends[part.stop - 1] = said
    return ends


def _padding_after(sample: Part, parts: tuple[Part, ...]) -> int:
    """Count the tokens of padding from a sample's end to what comes next."""
    after = (part for part in parts if part.start >= sample.stop)
    return sum(len(part) for part in takewhile(lambda part: part.padding, after))


def _loss_fact(loss: float, *, asked: bool) -> Fact:
    if not asked and math.isnan(loss):
        return Fact("loss", "none, not predicted")
    if not math.isfinite(loss):
        return Fact("loss", "not finite", "warning")
    return Fact("loss", f"{loss:.4f} nats, probability {math.exp(-loss):.2g}")
