"""Runs every check that was asked for and prints one report; used by ``inspect-tool check``."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inspect_tool.cli.samples import opened_for
from inspect_tool.errors import ExitCode
from inspect_tool.report.look import look_of
from inspect_tool.samples.checks import check
from inspect_tool.samples.checks.registry import is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.cli.quick import Request
    from inspect_tool.opened import Opened
    from inspect_tool.samples.assertions import Assertion
    from inspect_tool.samples.checks import Report

NEAR_DUPLICATE = "L-NEAR-DUPLICATE"


@dataclass(frozen=True, kw_only=True)
class Checking:
    """What to check and how to tell it; ``max_rows`` is None for text."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: Path | None = None
    write_baseline: bool = False
    max_rows: int | None = None
    assertions: Path | None = None
    near_duplicates: bool = False
    color: Literal["auto", "always", "never"] = "auto"


def run_checks(request: Request, checking: Checking) -> int:
    """Open, check and print; return the exit status."""
    own = _assertions(checking)
    opened = opened_for(request, without_tokenizer="checks that need one are not run")
    with closing(opened.dataset):
        report = _checked(opened, checking, own)
        if checking.baseline is not None:
            from inspect_tool.samples.baseline import Baseline

            if checking.write_baseline:
                Baseline.of(report, opened.dataset).write(checking.baseline)
            else:
                report = Baseline.read(checking.baseline).apply(report, opened.dataset)
        if checking.max_rows is not None:
            print(json.dumps(report.to_json(max_rows=checking.max_rows)))
        else:
            from inspect_tool.report.check_text import report_text

            sys.stdout.write(report_text(report, opened, look_of(sys.stdout, color=checking.color)))
    found = report.failed and not checking.write_baseline
    return int(ExitCode.FINDINGS if found else ExitCode.OK)


def _assertions(checking: Checking) -> tuple[Assertion, ...]:
    """Load a person's own checks before anything else: a mistake in them shows at once."""
    if checking.assertions is None:
        return ()
    from inspect_tool.samples.assertions import load_assertions

    loaded = load_assertions(checking.assertions)
    return tuple(
        assertion
        for assertion in loaded
        if is_wanted(assertion.code, select=checking.select, ignore=checking.ignore)
    )


def _checked(opened: Opened, checking: Checking, own: tuple[Assertion, ...]) -> Report:
    if checking.near_duplicates:
        from inspect_tool.samples.near_duplicates import require_library

        require_library()
    report = check(
        opened.dataset,
        opened.vocabulary,
        select=checking.select,
        ignore=checking.ignore,
        request=(NEAR_DUPLICATE,) if checking.near_duplicates else (),
        config=opened.target.config.values if opened.target.config else None,
    )
    if not own:
        return report
    from inspect_tool.samples.assertions import assert_all

    refused = assert_all(own, opened.dataset, opened.vocabulary)
    return report.with_findings((*report.findings, *refused))
