"""What one tab shows: a path, what it leads to, and what is known of its rows so far.

Frozen: work in the background hands over a new one, and the view takes it up in one step.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.findings import SEVERITIES, Finding
from inspect_tool.opened import Opened, open_target
from inspect_tool.runs.folders import FolderState
from inspect_tool.runs.target import Status, Target, TargetKind, resolve
from inspect_tool.samples.row_order import RowOrder, RowTable

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from inspect_tool.runs.staleness import Staleness
    from inspect_tool.samples.checks import Report


NOT_RUN: Final = "F-NOT-RUN"
"""Code of what is listed among the problems but is none: checks that could not be decided."""

Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of each file of a prepared folder."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a person asked to open, kept so that it can be opened again."""

    path: Path
    config: Path | None = None
    tokenizer: str | None = None
    live: bool = False
    """Whether its raw rows are to be rendered at once, prepared or not."""


@dataclass(frozen=True, eq=False)
class Document:
    """One tab's content. Without ``opened``, ``problem`` or ``target`` says why.

    ``report`` is what counting and checking every row gave so far, ``table`` the same row by row;
    ``confirming`` while axolotl is asked whether config and dataset belong together.
    """

    request: Request
    target: Target | None = None
    opened: Opened | None = None
    problem: InspectError | None = None
    order: RowOrder = field(default_factory=lambda: RowOrder(0))
    report: Report | None = None
    table: RowTable | None = None
    confirming: bool = False
    stamp: Stamp = ()
    """What the dataset's files were like when they were opened."""
    changed_on_disk: bool = False
    staleness: Staleness | None = None
    """What rendering some raw rows again said, once that was done."""

    @property
    def title(self) -> str:
        """Return a short name for the tab: the config's, or the folder's or run's."""
        if self.target is not None and self.target.config is not None and not self.is_run:
            return self.target.config.path.name
        path = self.request.path
        return f"{path.name[:8]}…" if len(path.name) == 32 else path.name or str(path)

    @property
    def unprepared(self) -> bool:
        """Whether there is a config but nothing prepared from it yet."""
        return self.target is not None and self.target.status is Status.UNPREPARED

    @property
    def can_prepare(self) -> bool:
        """Whether axolotl would store something for this config, and nothing is there yet."""
        config = self.target.config if self.target else None
        return self.unprepared and config is not None and not config.unprepared_key

    @property
    def is_directory(self) -> bool:
        """Whether the path is only a place to look around in."""
        return self.target is not None and self.target.kind is TargetKind.DIRECTORY

    @property
    def is_run(self) -> bool:
        """Whether the path is a run's folder."""
        return self.target is not None and self.target.kind is TargetKind.RUN

    @property
    def counted(self) -> float | None:
        """Return the share of the rows that were looked at, None once it is all of them."""
        if self.opened is None:
            return None
        if self.report is not None and self.report.census.complete:
            return None
        census = self.report.census if self.report else None
        return census.done / max(census.rows, 1) if census else 0.0

    @property
    def stale(self) -> bool:
        """Whether raw rows are known to render differently from what is stored."""
        return self.staleness is not None and bool(self.staleness.differing)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what the checks found in the rows so far."""
        return self.report.findings if self.report else ()

    @property
    def known_findings(self) -> tuple[Finding, ...]:
        """Return everything that is wrong, the worst first: files, config, then rows."""
        found = [*self._file_findings(), *self.findings]
        found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
        if self.report is not None and self.report.not_run and self.counted is None:
            found.append(_not_run(self.report))
        return tuple(found)

    def with_opened(self, opened: Opened) -> Self:
        """Return the tab with its dataset read anew, or with more known about it."""
        known = self.staleness if opened.target is self.target else None
        return replace(self, opened=opened, target=opened.target, staleness=known)

    def _file_findings(self) -> list[Finding]:
        found = []
        if self.problem is not None:
            said = str(InspectError(self.problem.message, place=self.problem.place))
            found.append(Finding("F-UNREADABLE", "error", said, fix=self.problem.fix or ""))
        if self.opened is not None:
            if self.report is None:
                found += [
                    Finding("L-DAMAGED", "error", str(damage), fix="run axolotl preprocess again")
                    for damage in self.opened.dataset.damages
                ]
            if self.changed_on_disk:
                said = "the files on disk are no longer those that are shown"
                found.append(Finding("F-CHANGED", "warning", said, fix="press ctrl+r to open them"))
            missing = self.opened.vocabulary_problem
            if missing is not None:
                said = missing.message + (f" ({missing.place})" if missing.place else "")
                fix = "press ctrl+t and name a tokenizer folder, or pass --tokenizer"
                found.append(Finding("F-TOKENIZER", "warning", said, fix=fix))
        if self.stale and self.staleness is not None:
            fix = "prepare it again: press b, or run axolotl preprocess"
            found.append(Finding("F-STALE", "warning", _stale_words(self.staleness), fix=fix))
        if self.target is not None:
            found += _target_findings(self.target, sampled=self.stale)
        return found


def _not_run(report: Report) -> Finding:
    reasons: dict[str, list[str]] = {}
    for code, reason in report.not_run.items():
        reasons.setdefault(reason, []).append(code)
    said = "; ".join(f"{reason}: {', '.join(codes)}" for reason, codes in reasons.items())
    return Finding(NOT_RUN, "info", f"checks that could not be decided: {said}")


def _stale_words(staleness: Staleness) -> str:
    """Return the verdict, every reason, and the first row that differs."""
    first = staleness.differing[0]
    where = f"{first.place.file}:{first.place.line}" if first.place.file else f"row {first.row}"
    counted = f"{len(staleness.differing)} of {staleness.sampled} raw rows render differently"
    said = [f"stale: {counted}, the first is {where} ({first.how})", *staleness.reasons]
    return "; ".join(said)


def _target_findings(target: Target, *, sampled: bool) -> list[Finding]:
    found = []
    if target.status is Status.STALE and not sampled:
        found.append(Finding("F-STALE", "warning", target.message, fix=target.fix))
    elif target.status is Status.UNKNOWN:
        fix = "press c and name the YAML, or pass --config" if target.config is None else target.fix
        found.append(Finding("F-CONFIG", "info", target.message, fix=fix))
    if target.dataset is not None and target.dataset.state is not FolderState.COMPLETE:
        said = f"{target.dataset.path.name} is {target.dataset.state.value}"
        fix = "let axolotl preprocess finish, or run it again"
        found.append(Finding("F-INCOMPLETE", "warning", said, fix=fix))
    return [*found, *(target.config.problems() if target.config else ())]


def open_document(request: Request) -> Document:
    """Open what was asked for; what a person can cause becomes the document's problem."""
    try:
        target = resolve(request.path, config=request.config, tokenizer=request.tokenizer)
    except InspectError as problem:
        return Document(request, problem=problem)
    if target.dataset is None:
        return Document(request, target=target)
    try:
        opened = open_target(target)
    except InspectError as problem:
        return Document(request, target=target, problem=problem)
    order = RowOrder(len(opened.dataset))
    return Document(request, target, opened, order=order, stamp=stamp_of(target.dataset.path))


def stamp_of(folder: Path) -> Stamp:
    """Return what tells whether a prepared folder was written again; empty if it is gone."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in found))
