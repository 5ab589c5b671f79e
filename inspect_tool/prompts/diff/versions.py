"""``--version-pair``: two prepared folders of one config, such as before and after an upgrade.

Rows go together by content: first those that are the same, then those with the same tokens and
other labels, then, in their order, what is left on both sides.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.prompts.diagnosis.case import quoted
from inspect_tool.prompts.diff.align import Region, align
from inspect_tool.prompts.diff.results import (
    Comparison,
    Difference,
    DiffReport,
    Failure,
    Side,
    Stop,
)
from inspect_tool.prompts.digests import token_digest
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

CODE = "D-LIBVERSION"
FIX = (
    "train with the version that the model was evaluated with, or look at every changed row and "
    "prepare anew: `axolotl preprocess` with the new one"
)
SHOWN = 3
"""Changed runs of labels that a message quotes."""


def compare_versions(
    before: PreparedDataset,
    after: PreparedDataset,
    vocabulary: Vocabulary,
    *,
    paths: tuple[Path, Path],
) -> DiffReport:
    """Compare all rows of two prepared folders; raises InspectError for kinds without labels."""
    for dataset in (before, after):
        if not dataset.kind.tokenized or not len(dataset):
            raise InspectError("no tokenised rows there", place=dataset.path)
    target = f"{paths[0]} against {paths[1]}"
    pairs, lonely = _pairs(before, after)
    comparisons = []
    for first, second in pairs:
        one, other = _sequence(before, first), _sequence(after, second)
        comparisons.append(_comparison(first, one, other, vocabulary, target))
    failures = [
        Failure(row, target, f"row {row} of {path} has no counterpart")
        for path, rows in zip(paths, lonely, strict=True)
        for row in rows
    ]
    return DiffReport((target,), tuple(comparisons), tuple(failures))


def _sequence(dataset: PreparedDataset, row: int) -> TokenSequence:
    return dataset.sample(row).sequences[0]


def _pairs(
    before: PreparedDataset, after: PreparedDataset
) -> tuple[list[tuple[int, int]], tuple[list[int], list[int]]]:
    left, right = _digests(before), _digests(after)
    pairs: list[tuple[int, int]] = []
    rows_left, rows_right = range(len(left)), range(len(right))
    for part in (0, 1):
        found = list(
            _matched(
                [(row, left[row][part]) for row in rows_left],
                [(row, right[row][part]) for row in rows_right],
            )
        )
        pairs += found
        taken_left, taken_right = {a for a, _ in found}, {b for _, b in found}
        rows_left = [row for row in rows_left if row not in taken_left]  # type: ignore[assignment]
        rows_right = [row for row in rows_right if row not in taken_right]  # type: ignore[assignment]
    count = min(len(rows_left), len(rows_right))
    pairs += zip(rows_left[:count], rows_right[:count], strict=True)
    return sorted(pairs), (list(rows_left[count:]), list(rows_right[count:]))


def _digests(dataset: PreparedDataset) -> list[tuple[bytes, bytes]]:
    """Return per row the digest of ids and labels, and that of ids alone."""
    found = []
    for row in range(len(dataset)):
        sequence = _sequence(dataset, row)
        found.append((token_digest(sequence.ids, sequence.labels), token_digest(sequence.ids)))
    return found


def _matched(
    left: Iterable[tuple[int, bytes]], right: Iterable[tuple[int, bytes]]
) -> Iterator[tuple[int, int]]:
    places: dict[bytes, deque[int]] = defaultdict(deque)
    for row, digest in right:
        places[digest].append(row)
    for row, digest in left:
        if places[digest]:
            yield row, places[digest].popleft()


def _comparison(
    row: int, one: TokenSequence, other: TokenSequence, vocabulary: Vocabulary, target: str
) -> Comparison:
    regions = align(one.ids, other.ids, bos=vocabulary.roles.get("bos"))
    sides = [Side.of(item.ids.tolist(), vocabulary.texts(item.ids)) for item in (one, other)]
    differences = [_tokens(region, sides[0], sides[1]) for region in regions]
    if not regions:
        differences = list(_labels(one, other, sides[0]))
    end = tuple(one.ids[-1:].tolist())
    return Comparison(
        row=row,
        entry="",
        answer=0,
        target=target,
        train=sides[0],
        inference=sides[1],
        differences=tuple(differences),
        stop=Stop(end, tuple(other.ids[-1:].tolist()), ok=True),
    )


def _tokens(region: Region, one: Side, other: Side) -> Difference:
    before = "".join(one.texts(region.train_start, region.train_stop))
    after = "".join(other.texts(region.inference_start, region.inference_stop))
    same = before == after and bool(before)
    message = (
        f"other tokens for the same text {quoted(before)}"
        if same
        else f"{quoted(before)} became {quoted(after)}"
    )
    return Difference(region, CODE, message, FIX, same_text=same)


def _labels(one: TokenSequence, other: TokenSequence, side: Side) -> Iterator[Difference]:
    """Yield the runs of tokens whose labels changed, though the tokens are the same."""
    if one.labels is None or other.labels is None:
        return
    changed = np.asarray(one.labels) != np.asarray(other.labels)
    edges = np.flatnonzero(np.diff(changed, prepend=False, append=False)).tolist()
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        was = "trained" if one.labels[start] != IGNORE_INDEX else "masked"
        now = "trained" if other.labels[start] != IGNORE_INDEX else "masked"
        shown = quoted("".join(side.texts(start, stop)))
        verb = f"{was} before, {now} now" if was != now else "trained towards another token"
        yield Difference(
            Region(start, stop, start, stop),
            CODE,
            f"the mask changed: {shown} is {verb}",
            FIX,
            same_text=True,
        )
