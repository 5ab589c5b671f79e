"""How trained runs end, worked out for all rows at once, agrees with looking at each run alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tool.samples.checks.lens import STOP_WITHIN, Lens
from inspect_tool.samples.checks.markers import Markers
from inspect_tool.samples.views import SequenceView
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

STOP, OPENER = 3002, 3001
"""`<|im_end|>` and `<|im_start|>` of the fixture."""

ROWS = st.lists(
    st.lists(st.tuples(st.sampled_from("axseo"), st.booleans()), max_size=12),
    min_size=1,
    max_size=6,
)
"""Tokens by kind (a and x text, s white space, e end token, o opener), trained or not."""


@pytest.fixture(scope="module")
def markers(chatml_dir: Path) -> Markers:
    """The markers of ChatML."""
    return Markers.of(Vocabulary.load(chatml_dir))


def lens_of(markers: Markers, rows: list[list[tuple[str, bool]]]) -> Lens:
    """Return a lens on rows of such tokens."""
    pieces = {piece: index for index, piece in enumerate(markers.vocabulary.pieces)}
    ids = {"a": pieces["a"], "x": pieces["x"], "s": pieces["Ċ"], "e": STOP, "o": OPENER}
    flat = [token for row in rows for token in row]
    tokens = np.array([ids[kind] for kind, _ in flat], dtype=np.int32)
    trained = np.array([flag for _, flag in flat], dtype=np.bool_)
    view = SequenceView(
        number=0,
        first=0,
        ids=tokens,
        offsets=np.cumsum([0, *map(len, rows)]),
        labels=np.where(trained, tokens, -100),
    )
    return Lens(view, markers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_endings(rows: list[list[tuple[str, bool]]], markers: Markers) -> None:
    """Closed, followed by a masked end token, or open at the end: as a loop over tokens says."""
    ends = lens_of(markers, rows).endings

    expected: list[tuple[bool, int, bool]] = []
    first = 0
    for row in rows:
        mine = _endings(row)
        expected += [(shut, stop + first if stop >= 0 else -1, left) for shut, stop, left in mine]
        first += len(row)
    arrays = (ends.closed, ends.masked_stop, ends.open_end)
    assert list(zip(*(array.tolist() for array in arrays), strict=True)) == expected


def _endings(row: list[tuple[str, bool]]) -> list[tuple[bool, int, bool]]:
    """Return for each run whether it is closed, its masked end token, whether it is open."""
    kinds = "".join(kind for kind, _ in row)
    edges = np.flatnonzero(np.diff([0, *(int(flag) for _, flag in row), 0])).reshape(-1, 2)
    result = []
    for number, (start, stop) in enumerate(edges.tolist()):
        run, last = kinds[start:stop], number == len(edges) - 1
        closed = run.endswith(("e", "es"))
        after = kinds[stop : None if last else stop + STOP_WITHIN]
        place = after.find("e")
        belongs = place >= 0 and "o" not in after[:place] and not closed
        masked = stop + place if belongs and not row[stop + place][1] else -1
        opened_later = "o" in kinds[stop:]
        result.append((closed, masked, last and not closed and masked < 0 and not opened_later))
    return result


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_last_content(rows: list[list[tuple[str, bool]]], markers: Markers) -> None:
    """A row's last content is its last token that is no white space."""
    lens = lens_of(markers, rows)

    for number, row in enumerate(rows):
        kinds = "".join(kind for kind, _ in row).rstrip("s")
        expected = int(lens.sequence.offsets[number]) + len(kinds) - 1 if kinds else -1
        assert lens.last_content[number] == expected


def test_padding_is_no_content(llama3_dir: Path) -> None:
    """Trailing padding is passed over in one step, also where nothing else is."""
    markers = Markers.of(Vocabulary.load(llama3_dir))
    assert markers.own_pad is not None
    rows = [[5, 6, *[markers.own_pad] * 50], [markers.own_pad] * 3, [7]]
    view = SequenceView(
        number=0,
        first=0,
        ids=np.array([token for row in rows for token in row], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, rows)]),
    )

    assert Lens(view, markers).last_content.tolist() == [1, -1, 55]
