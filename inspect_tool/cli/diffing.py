"""Runs a diff and prints its report; used by ``inspect-tool diff``."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inspect_tool.cli.exits import say
from inspect_tool.cli.progress import Progress, waiting
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.prompts.inference.specs import Options, parse_fill, parse_targets
from inspect_tool.report.look import look_of
from inspect_tool.runs.config import Config
from inspect_tool.runs.match import prepared_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.prompts.diff.results import Comparison, DiffReport
    from inspect_tool.prompts.diff.run import Diff


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is compared and how it is told."""

    config: Path
    split: str = "train"
    rows: tuple[int, ...] | None = None
    limit: int | None = None
    color: Literal["auto", "always", "never"] = "auto"
    as_json: bool = False


def run_diff(
    asked: Asked,
    *,
    against: Sequence[str],
    kwargs: Sequence[str],
    fills: Sequence[str],
    stops: tuple[str, ...],
    timeout: float,
) -> int:
    """Compare training with targets; return the exit status."""
    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.diff.run import Diff
    from inspect_tool.prompts.training import TrainingRows

    specs = parse_targets(list(against), list(kwargs), cwd=Path.cwd())
    options = Options(tuple(parse_fill(item) for item in fills), stops, timeout)
    config = Config.read(asked.config.absolute())
    cwd = prepared_by(config).cwd
    waiting("axolotl renders the rows; its start takes some seconds ...")
    with AxolotlWorker() as worker:
        training = TrainingRows(worker, config.path, cwd, split=asked.split)
        diff = Diff(training, specs, options)
        with Progress("comparing, rows") as progress:
            report = diff.report_of(tuple(_told(diff, asked, progress)))
    return printed(report, asked)


def run_pair(asked: Asked, pair: tuple[Path, Path]) -> int:
    """Compare two prepared folders; return the exit status."""
    from inspect_tool.cli.quick import Request
    from inspect_tool.cli.samples import opened_for
    from inspect_tool.prompts.diff.versions import Made, compare_versions
    from inspect_tool.runs.sidecar import read_sidecar

    config = Config.read(asked.config.absolute())
    before, after = (opened_for(Request(path=path, config=config.path)) for path in pair)
    with closing(before.dataset), closing(after.dataset):
        vocabulary = before.vocabulary
        if vocabulary is None:
            problem = before.vocabulary_problem
            raise problem or InspectError("no tokenizer is known", place=pair[0])
        folders = (before.dataset.path, after.dataset.path)
        written = [read_sidecar(folder) for folder in folders]
        made = Made(*written[1].since(written[0])) if written[0] and written[1] else None
        report = compare_versions(
            before.dataset,
            after.dataset,
            vocabulary,
            paths=folders,
            made=made,
            whole=asked.as_json,
        )
    return printed(report, asked)


def _told(diff: Diff, asked: Asked, progress: Progress) -> Iterator[Comparison]:
    """Pass the comparisons on, and say how far it is."""
    for item in diff.run(rows=asked.rows, limit=asked.limit):
        progress.update(diff.progress.done, diff.progress.of)
        yield item


def printed(report: DiffReport, asked: Asked) -> int:
    """Print a report and return the exit status that it comes to."""
    if asked.as_json:
        print(json.dumps(report.to_json()))
    else:
        from inspect_tool.report.diff_text import diff_text

        sys.stdout.write(diff_text(report, look_of(sys.stdout, color=asked.color)))
    for failure in report.failures:
        if failure.row < 0:
            say(f"{failure.target}: {failure.message}")
    if report.differs:
        return int(ExitCode.FINDINGS)
    if not report.comparisons:
        say("no row could be compared")
        return int(ExitCode.USAGE)
    return int(ExitCode.USAGE if report.failures else ExitCode.OK)
