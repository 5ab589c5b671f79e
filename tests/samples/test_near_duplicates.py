"""Near copies: rows are compared without what they all share, and exactly."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.near_duplicates import near_copies, signatures
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.scan import scan
from tests.arrow_files import save, supervised

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = list(range(1000, 1200))
"""What every row begins with."""


def copies(folder: Path, rows: list[list[int]], *, batch_rows: int = 1000) -> dict[int, int]:
    """Return which rows are nearly which earlier one."""
    table = supervised([(row, row) for row in rows])
    dataset = PreparedDataset.open(save(folder, table, batch_rows=batch_rows))
    made = np.concatenate(
        [
            each.found
            for each in scan(dataset, lambda view: signatures(dataset, view))
            if each.found is not None
        ]
    )
    return {row: earlier for row, earlier, _ in near_copies(dataset, made)}


def answers(count: int) -> list[list[int]]:
    """Return rows of 60 random tokens after the common prompt."""
    chance = random.Random(5)
    return [PROMPT + [chance.randrange(5, 900) for _ in range(60)] for _ in range(count)]


def test_a_row_with_one_other_token_is_nearly_the_same(tmp_path: Path) -> None:
    """One changed token of sixty leaves rows alike; the later one is reported."""
    rows = answers(30)
    changed = list(rows[4])
    changed[-10] = 999
    rows.append(changed)

    assert copies(tmp_path, rows) == {30: 4}


def test_a_common_prompt_does_not_make_rows_alike(tmp_path: Path) -> None:
    """Rows that share most of their tokens with all others are not copies of each other."""
    assert copies(tmp_path, answers(30)) == {}


def test_exact_copies_are_left_to_their_own_check(tmp_path: Path) -> None:
    """A row that is the same is no near copy."""
    rows = answers(10)

    assert copies(tmp_path, [*rows, rows[2]]) == {}


def test_blocks_do_not_matter(tmp_path: Path) -> None:
    """Copies are found across blocks, and runs never reach from one row into the next."""
    rows = answers(12)
    changed = list(rows[0])
    changed[-30] = 998
    rows.append(changed)

    assert copies(tmp_path / "a", rows, batch_rows=3) == copies(tmp_path / "b", rows) == {12: 0}


def test_rows_shorter_than_a_run(tmp_path: Path) -> None:
    """Rows without a run of tokens, or without tokens, resemble nothing."""
    assert copies(tmp_path, [[5, 6], [5, 6, 7], [], [5]]) == {}
