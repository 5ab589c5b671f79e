"""Runs every check that was asked for and prints one report; used by ``inspect-tool check``."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from inspect_tool.cli.exits import say
from inspect_tool.cli.samples import opened_for
from inspect_tool.errors import ExitCode
from inspect_tool.report.look import look_of
from inspect_tool.report.summary import counted
from inspect_tool.samples.checks import check
from inspect_tool.samples.checks.registry import is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.cli.quick import Request
    from inspect_tool.opened import Opened
    from inspect_tool.samples.assertions import Assertion
    from inspect_tool.samples.baseline import Baseline
    from inspect_tool.samples.checks import Report

QUIET_SECONDS = 1.0
"""How long a pass may take before it says how far it is."""

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
    lines: bool = False


class Progress:
    """Tells on a terminal how far a long pass is, in one line that is wiped in the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = time.monotonic() + QUIET_SECONDS
        self._width = 0

    def tell(self, part: Report) -> None:
        """Say how many rows are done, if it takes long and somebody watches."""
        if time.monotonic() >= self._due and self._stream.isatty():
            self._write(f"checked {part.census.done:,} of {part.census.rows:,} rows")

    def forget(self) -> None:
        """Wipe what was said."""
        if self._width:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text)


def run_checks(request: Request, checking: Checking) -> int:
    """Open, check and print; return the exit status."""
    own, known = _assertions(checking), _baseline(checking)
    opened = opened_for(request, without_tokenizer="checks that need one are not run")
    with closing(opened.dataset):
        report = _checked(opened, checking, own)
        if known is not None:
            report = known.apply(report, opened.dataset)
        if checking.max_rows is not None:
            print(json.dumps(report.to_json(max_rows=checking.max_rows)))
        elif checking.lines:
            from inspect_tool.cli.check_lines import print_lines

            print_lines(report, opened)
        else:
            from inspect_tool.report.check_text import report_text

            sys.stdout.write(report_text(report, opened, look_of(sys.stdout, color=checking.color)))
        if checking.write_baseline and checking.baseline is not None:
            _write_baseline(checking.baseline, report, opened)
            return int(ExitCode.OK)
    return int(ExitCode.FINDINGS if report.failed else ExitCode.OK)


def _baseline(checking: Checking) -> Baseline | None:
    if checking.baseline is None or checking.write_baseline:
        return None
    from inspect_tool.samples.baseline import Baseline

    return Baseline.read(checking.baseline)


def _write_baseline(path: Path, report: Report, opened: Opened) -> None:
    from inspect_tool.samples.baseline import Baseline

    Baseline.of(report, opened.dataset).write(path)
    say(f"{path}: accepts {counted(len(report.findings), 'finding')} from now on")


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
    progress = Progress(sys.stderr)
    report = check(
        opened.dataset,
        opened.vocabulary,
        select=checking.select,
        ignore=checking.ignore,
        request=(NEAR_DUPLICATE,) if checking.near_duplicates else (),
        config=opened.target.config.values if opened.target.config else None,
        on_part=progress.tell,
    )
    progress.forget()
    if not own:
        return report
    from inspect_tool.samples.assertions import assert_all

    refused = assert_all(own, opened.dataset, opened.vocabulary)
    return report.with_findings((*report.findings, *refused))
