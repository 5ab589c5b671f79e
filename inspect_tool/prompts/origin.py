"""From a row of a prepared dataset back to its raw row, and why each of its tokens is masked.

First by likeness, which takes a moment; if that finds nothing, by rendering raw rows until one is
the same. What is found is certain: ids and labels are equal, or equal up to where the row was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts.digests import SIZE, column_digest, token_digest
from inspect_tool.prompts.explained import NOWHERE, Explained, RawPlace
from inspect_tool.prompts.strategies.likeness import Needle
from inspect_tool.prompts.strategies.tasks import Found
from inspect_tool.samples.sample import Sample, TokenSequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from inspect_tool.prompts.training import TrainingRows
    from inspect_tool.samples.prepared import PreparedDataset


HOW = ("same", "cut", "relabelled")
"""How a prepared row may agree with a rendered one, best first."""


@dataclass(frozen=True)
class Origin:
    """Where a prepared row came from.

    ``how`` is ``same``, ``cut`` (truncated) or ``relabelled`` (the config as it is now gives the
    same tokens other labels). ``twins`` counts further raw rows that make the same prepared row.
    """

    source: int
    entry: str
    row: int
    part: int
    how: str
    place: RawPlace = NOWHERE
    twins: int = 0


@dataclass(frozen=True)
class WhySample:
    """One prepared row with its origin and, per sequence, the reason of every token.

    ``explained`` has the stored labels and is empty where ``origin`` is None, and for rows that
    are stored as text. ``rendered`` is the length of the row before it was cut.
    """

    sample: Sample
    origin: Origin | None
    explained: tuple[Explained, ...] = ()
    rendered: int = 0


class OriginIndex:
    """Every raw row of a config by what it renders to, for when many origins are asked for.

    Made in one pass over the raw rows; ``lengths`` are those that prepared rows may be cut to.
    """

    def __init__(
        self,
        rows: TrainingRows,
        *,
        lengths: tuple[int, ...] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._rows = rows
        self._found: dict[bytes, list[Found]] = {}
        done = 0
        for chunk in rows.chunks(cuts=lengths):
            for index, digest in enumerate(chunk.digests):
                place = (chunk.source, int(chunk.rows[index]), int(chunk.parts[index]))
                self._add(digest.tobytes(), Found(*place, "same"))
                for cut in chunk.cuts.get(index, {}).values():
                    self._add(cut, Found(*place, "cut"))
            done += chunk.stop - chunk.start
            if progress is not None:
                progress(done, rows.info.rows)

    def of(self, sample: Sample) -> Origin | None:
        """Return the raw row of a prepared one, None if no raw row renders to it."""
        return _best(self._found.get(digest_of(sample), []), self._rows)

    def _add(self, digest: bytes, found: Found) -> None:
        self._found.setdefault(digest, []).append(found)


def why(sample: Sample, rows: TrainingRows, origin: Origin | None) -> WhySample:
    """Explain a prepared row whose origin is known; raises InspectError where axolotl fails."""
    if origin is None:
        return WhySample(sample, None)
    parts = [item for item in rows.explain(origin.source, origin.row) if item.part == origin.part]
    shown = [
        item.cut(len(sequence)).with_labels(sequence.labels)
        for item, sequence in zip(parts, sample.sequences, strict=False)
    ]
    length = len(parts[0]) if parts else 0
    return WhySample(sample, origin, tuple(shown), length)


def origin_of(
    sample: Sample, rows: TrainingRows, *, progress: Callable[[int, int], None] | None = None
) -> Origin | None:
    """Return the raw row of a prepared one, None if no raw row renders to it.

    ``progress`` is called with how many raw rows were rendered so far, and of how many.
    """
    found = list(rows.find(needle_of(sample)))
    if not found:
        found += _scanned(sample, rows, progress)
    return _best(found, rows)


def raw_samples(rows: TrainingRows, source: int, row: int) -> list[WhySample]:
    """Explain what axolotl makes of a raw row now, as samples that nothing has stored.

    Their row number is -1. Raises InspectError where axolotl fails on it.
    """
    entry = rows.info.sources[source].entry
    made: dict[int, list[Explained]] = {}
    for explained in rows.explain(source, row):
        made.setdefault(explained.part, []).append(explained)
    return [
        WhySample(
            sample=Sample(-1, kind="sft", sequences=tuple(_as_sequence(item) for item in items)),
            origin=Origin(source, entry, row, part, "same", rows.place(source, row)),
            explained=tuple(items),
            rendered=len(items[0]),
        )
        for part, items in made.items()
    ]


def _as_sequence(explained: Explained) -> TokenSequence:
    return TokenSequence(explained.sequence, ids=explained.ids, labels=explained.labels)


def needle_of(sample: Sample) -> Needle:
    """Return what of a prepared row is compared with rendered ones."""
    if _is_text(sample):
        return Needle(columns=_columns(sample))
    first = sample.sequences[0]
    return Needle(
        sequences=tuple(tuple(sequence.ids.tolist()) for sequence in sample.sequences),
        labels=None if first.labels is None else tuple(first.labels.tolist()),
    )


def digest_of(sample: Sample) -> bytes:
    """Return the digest of a prepared row's content."""
    if _is_text(sample):
        return column_digest(_columns(sample))
    ids = [sequence.ids for sequence in sample.sequences]
    return token_digest(*ids, sample.sequences[0].labels)


def digests(dataset: PreparedDataset) -> NDArray[np.uint8]:
    """Return the digest of every intact row, uint8[rows, 16]."""
    found = b"".join(digest_of(sample) for sample in dataset.samples())
    return np.frombuffer(found, dtype=np.uint8).reshape(-1, SIZE)


def _is_text(sample: Sample) -> bool:
    return all(sequence.stored_text is not None for sequence in sample.sequences)


def _columns(sample: Sample) -> dict[str, Any]:
    texts = {sequence.name: sequence.stored_text for sequence in sample.sequences}
    return {**texts, **sample.columns}


def _best(found: list[Found], rows: TrainingRows) -> Origin | None:
    if not found:
        return None
    best = min(found, key=lambda item: HOW.index(item.how))
    twins = {(item.source, item.row) for item in found if item.how == best.how}
    return Origin(
        source=best.source,
        entry=rows.info.sources[best.source].entry,
        row=best.row,
        part=best.part,
        how=best.how,
        place=rows.place(best.source, best.row),
        twins=len(twins) - 1,
    )


def _scanned(
    sample: Sample, rows: TrainingRows, progress: Callable[[int, int], None] | None
) -> Iterator[Found]:
    """Render raw rows until one is the same, or its beginning is."""
    wanted = digest_of(sample)
    length = sum(len(sequence) for sequence in sample.sequences)
    done = 0
    for chunk in rows.chunks(cuts=(length,) if length else ()):
        for index, digest in enumerate(chunk.digests):
            place = (chunk.source, int(chunk.rows[index]), int(chunk.parts[index]))
            if digest.tobytes() == wanted:
                yield Found(*place, "same")
                return
            if chunk.cuts.get(index, {}).get(length) == wanted:
                yield Found(*place, "cut")
                return
        done += chunk.stop - chunk.start
        if progress is not None:
            progress(done, rows.info.rows)
