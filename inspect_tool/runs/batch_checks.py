"""What is wrong with a recorded batch: docs/debug.md has the codes.

Held against the prepared rows that its tokens came from; what cannot be found there is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.findings import Finding
from inspect_tool.runs.batch_parts import NOT_PREPARED
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.runs.batch_parts import Part
    from inspect_tool.runs.batches import Batch, BatchSequence

CODES = (
    "R-BATCH-LABELS",
    "R-BATCH-LEAK",
    "R-BATCH-POSITIONS",
    "R-BATCH-TOKENS",
    "R-BATCH-UNTRAINED",
)
_MASK_IS_TWO_VALUED = frozenset({"sdpa", "eager"})
"""Attention that knows 0 from anything else in a mask, so that numbered samples are one to it."""
_COLLATOR = "look at what runs between the dataset and the trainer: plugins, the data collator"


def check_batch(batch: Batch) -> tuple[Finding, ...]:
    """Return the findings of one batch; raises InspectError if it cannot be read."""
    return tuple(_findings(batch))


def _findings(batch: Batch) -> Iterator[Finding]:
    for sequence in batch.sequences:
        parts = [(row, part) for row, of in enumerate(batch.parts(sequence)) for part in of]
        samples = [(row, part) for row, part in parts if not part.padding]
        yield from _labels(batch, sequence, samples)
        yield from _positions(batch, sequence, samples)
        yield from _leak(batch, sequence, samples)
        yield from _tokens(batch, sequence, samples)
        yield from _untrained(batch, sequence)


def _labels(
    batch: Batch, sequence: BatchSequence, samples: list[tuple[int, Part]]
) -> Iterator[Finding]:
    if sequence.labels is None:
        return
    rows, count, first = [], 0, ""
    for row, part in samples:
        if part.labels is None or len(part.labels) != len(part):
            continue
        given = sequence.labels[row, part.start : part.stop]
        differ = given != part.labels
        differ[:1] &= given[:1] != IGNORE_INDEX  # nothing of the sample predicts its first token
        differ = np.flatnonzero(differ)
        if len(differ):
            at = int(differ[0])
            rows.append(part.rows[0])
            count += len(differ)
            first = first or (
                f"token {part.start + at} of the batch's row {row} (dataset row {part.rows[0]}, "
                f"token {at}) is {_word(int(given[at]))}, prepared as {_word(int(part.labels[at]))}"
            )
    if count:
        yield Finding(
            code="R-BATCH-LABELS",
            severity="error",
            message=f"batch {batch.number}: {count} labels differ from the prepared ones; {first}",
            count=count,
            rows=sorted(set(rows)),
            fix=_COLLATOR,
        )


def _positions(
    batch: Batch, sequence: BatchSequence, samples: list[tuple[int, Part]]
) -> Iterator[Finding]:
    if sequence.positions is None:
        return
    packed = {row for row, part in samples if part.start > 0}
    running = [
        (row, part)
        for row, part in samples
        if row in packed and part.rows and sequence.positions[row, part.start] != 0
    ]
    if running:
        row, part = running[0]
        at = int(sequence.positions[row, part.start])
        yield Finding(
            code="R-BATCH-POSITIONS",
            severity="error",
            message=f"batch {batch.number}: {len(running)} packed samples do not begin at position "
            f"0; dataset row {part.rows[0]} begins at {at}",
            count=len(running),
            rows=sorted({part.rows[0] for _, part in running}),
            key="sample_packing",
            fix=_COLLATOR,
        )


def _leak(
    batch: Batch, sequence: BatchSequence, samples: list[tuple[int, Part]]
) -> Iterator[Finding]:
    """Report packed samples that see each other.

    transformers keeps samples apart by their positions only where the model is given no attention
    mask (masking_utils.find_packed_sequence_indices); sdpa and eager read a mask's numbers as 1.
    """
    packed = [part for _, part in samples if part.start > 0]
    if batch.attention_masked and batch.attention in _MASK_IS_TWO_VALUED and packed:
        yield Finding(
            code="R-BATCH-LEAK",
            severity="error",
            message=f"batch {batch.number}: {len(packed)} packed samples attend to those before "
            f"them in their row: {batch.attention} does not tell the mask's numbers apart",
            count=len(packed),
            rows=sorted({part.rows[0] for part in packed if part.rows}),
            key="attn_implementation",
            fix="write attn_implementation: sdpa, with which axolotl leaves the mask out",
        )


def _tokens(
    batch: Batch, sequence: BatchSequence, samples: list[tuple[int, Part]]
) -> Iterator[Finding]:
    """Report samples of no prepared row, if others of the batch could be looked up."""
    strange = [(row, part) for row, part in samples if part.unknown == NOT_PREPARED]
    cut = [(row, part) for row, part in samples if not part.whole]
    for found, what in ((strange, "have tokens of no prepared row"), (cut, "are cut off")):
        if found:
            row, part = found[0]
            where = f"tokens {part.start} to {part.stop} of the batch's row {row}"
            yield Finding(
                code="R-BATCH-TOKENS",
                severity="warning",
                message=f"batch {batch.number}: {len(found)} samples {what}; first {where}",
                count=len(found),
                rows=sorted({part.rows[0] for _, part in found if part.rows}),
                fix=_COLLATOR,
            )


def _untrained(batch: Batch, sequence: BatchSequence) -> Iterator[Finding]:
    trained = sequence.trained
    if trained is not None and trained.size and not trained.any():
        yield Finding(
            code="R-BATCH-UNTRAINED",
            severity="error",
            message=f"batch {batch.number}: no token is trained, so its loss is "
            f"{'nan' if np.isnan(batch.loss) else batch.loss}",
            count=trained.size,
            fix="inspect-tool check on the config says why the rows are masked",
        )


def _word(label: int) -> str:
    return "masked" if label == IGNORE_INDEX else f"trained with label {label}"
