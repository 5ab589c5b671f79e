"""A recipe rehearsed as a person would: one process and two, through the real accelerate launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.config import Config
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.rehearsal.plan import RehearsalOptions, plan_rehearsal
from inspect_tool.scale.rehearsal.rehearse import rehearse
from tests.axolotl_runs import RECIPES, ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_recipe_agrees(tmp_path: Path) -> None:
    """Packed conversations compute on two processes what they compute on one, each row once."""
    plan = plan_rehearsal(
        Config.read(RECIPES / "packed.yml"),
        Fleet(2),
        cwd=ROOT,
        folder=tmp_path / ".inspect" / "runs" / "packed-rehearsal-1",
        options=RehearsalOptions(processes=2),
    )

    found = rehearse(plan)

    assert (found.agree, found.findings) == (True, plan.notes)
    assert len(found.one.steps if found.one else ()) == 3
    rows = [row for rank in found.many for batch in rank.batches for row in batch.rows]
    assert sorted(row for row in rows if row is not None) == list(range(24))
