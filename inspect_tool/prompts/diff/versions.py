"""``--version-pair``: two prepared folders of one config, such as before and after an upgrade.

Rows go together by content: first those that are the same, then those with the same tokens and
other labels, then, in their order, what is left on both sides.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
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
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

CODE = "D-LIBVERSION"
CONFIG_CODE = "D-CONFIG"
FIX = (
    "train with the version that the model was evaluated with, or look at every changed row and "
    "prepare anew: `axolotl preprocess` with the new one"
)
CONFIG_FIX = "to compare two versions, prepare both folders from the same config and the same data"


@dataclass(frozen=True)
class Made:
    """How the second folder was made otherwise than the first, as far as that was written down."""

    versions: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    """Keys and files of the config."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything, a line each."""
        return (*self.versions, *self.config)

    @property
    def cause(self) -> tuple[str, str]:
        """The code and fix of what differs."""
        by_config = self.config and not self.versions
        return (CONFIG_CODE, CONFIG_FIX) if by_config else (CODE, FIX)


def compare_versions(
    before: PreparedDataset,
    after: PreparedDataset,
    vocabulary: Vocabulary,
    *,
    paths: tuple[Path, Path],
    made: Made | None = None,
    whole: bool = True,
) -> DiffReport:
    """Compare all rows of two prepared folders; raises InspectError for kinds without labels.

    Rows that are the same have no tokens in the report unless it is to be ``whole``.
    """
    made = made or Made()
    for dataset in (before, after):
        if not dataset.kind.tokenized or not len(dataset):
            raise InspectError("no tokenised rows there", place=dataset.path)
    target = f"{paths[0]} against {paths[1]}"
    pairs, lonely = _pairs(before, after)
    comparisons = []
    nothing = Side.of((), [])
    same = Comparison(0, "", 0, target, nothing, nothing, (), Stop((), (), ok=True))
    for first, second in pairs:
        pair = (_sequence(before, first), _sequence(after, second))
        if not whole and _same(*pair):
            comparisons.append(replace(same, row=first))
        else:
            comparisons.append(_comparison(first, pair, vocabulary, target, made))
    failures = [
        Failure(row, None, f"only {when}, in {path}")
        for when, path, rows in zip(("before", "after"), paths, lonely, strict=True)
        for row in rows
    ]
    notes = (*_counted(comparisons), *made.notes)
    return DiffReport((target,), tuple(comparisons), tuple(failures), notes, is_pair=True)


def _counted(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Say how many rows have other tokens, and how many another mask."""
    other = sum(any(not item.mask for item in found.differences) for found in comparisons)
    masked = sum(any(item.mask for item in found.differences) for found in comparisons)
    if other:
        yield f"the tokens of {other:,} rows changed"
    if masked:
        yield f"the mask of {masked:,} rows changed, their tokens did not"


def _same(one: TokenSequence, other: TokenSequence) -> bool:
    return np.array_equal(one.ids, other.ids) and (
        one.labels is None or other.labels is None or np.array_equal(one.labels, other.labels)
    )


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
    row: int,
    pair: tuple[TokenSequence, TokenSequence],
    vocabulary: Vocabulary,
    target: str,
    made: Made,
) -> Comparison:
    one, other = pair
    regions = align(one.ids, other.ids, bos=vocabulary.roles.get("bos"))
    first = second = Side.of(one.ids.tolist(), vocabulary.texts(one.ids))
    if regions:
        second = Side.of(other.ids.tolist(), vocabulary.texts(other.ids))
        differences = [_tokens(region, first, second, made) for region in regions]
    else:
        differences = list(_labels(one, other, first, made))
    end = tuple(one.ids[-1:].tolist())
    return Comparison(
        row=row,
        entry="",
        answer=0,
        target=target,
        train=first,
        inference=second,
        differences=tuple(differences),
        stop=Stop(end, tuple(other.ids[-1:].tolist()), ok=True),
    )


def _tokens(region: Region, one: Side, other: Side, made: Made) -> Difference:
    before = "".join(one.texts(region.train_start, region.train_stop))
    after = "".join(other.texts(region.inference_start, region.inference_stop))
    same = before == after and bool(before)
    message = (
        f"other tokens for the same text {quoted(before)}"
        if same
        else f"{quoted(before)} became {quoted(after)}"
    )
    code, fix = made.cause
    return Difference(region, code, message, fix, same_text=same)


def _labels(
    one: TokenSequence, other: TokenSequence, side: Side, made: Made
) -> Iterator[Difference]:
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
        code, fix = made.cause
        yield Difference(
            Region(start, stop, start, stop),
            code,
            f"the mask changed: {shown} is {verb}",
            fix,
            same_text=True,
            mask=verb,
        )
