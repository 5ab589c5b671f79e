"""What ``inspect-tool check --lines`` prints: the raw rows behind the findings are looked up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.cli.exits import say
from inspect_tool.cli.explain import INDEXED_FROM, STARTING
from inspect_tool.cli.progress import Progress, waiting
from inspect_tool.errors import InspectError
from inspect_tool.explaining import Explaining
from inspect_tool.report.problem_lines import problem_lines

if TYPE_CHECKING:
    from inspect_tool.opened import Opened
    from inspect_tool.prompts.explained import RawPlace
    from inspect_tool.samples.checks import Report

ROWS = 20
"""Rows of one finding that get a line; the finding's own line counts them all."""


def print_lines(report: Report, opened: Opened) -> None:
    """Print every finding on stdout, a line for each place that is known."""
    wanted = {int(row) for finding in report.findings for row in finding.rows[:ROWS]}
    places = _places(sorted(wanted), opened) if wanted else {}
    config = opened.target.config
    for finding in report.findings:
        for line in problem_lines(finding, config, opened.dataset.path, places):
            print(line)
    sys.stdout.flush()


def _places(rows: list[int], opened: Opened) -> dict[int, RawPlace]:
    """Return where the raw rows of these rows stand, as far as axolotl can be asked."""
    if opened.target.config is None:
        return {}
    found: dict[int, RawPlace] = {}
    try:
        with AxolotlWorker() as worker, Progress("rendering raw rows") as bar:
            waiting(STARTING)
            explaining = Explaining(opened, worker, progress=bar.update)
            if len(rows) > INDEXED_FROM:
                explaining.index()
            for row in rows:
                origin = explaining.origin(opened.sample(row))
                if origin is not None:
                    found[row] = origin.place
            bar.clear()
    except InspectError as error:
        say(f"the lines of raw rows are not known: {error}")
    return found
