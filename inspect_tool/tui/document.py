"""What one tab shows: a path, what it leads to, and what is known of its rows so far.

Frozen: work in the background hands over a new one, and the view takes it up in one step.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.findings import SEVERITIES, Finding
from inspect_tool.opened import Opened, open_target
from inspect_tool.runs.folders import FolderState
from inspect_tool.runs.target import Status, Target, TargetKind, resolve
from inspect_tool.samples.row_order import RowOrder, RowTable

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


@dataclass(frozen=True, eq=False)
class Request:
    """What a person asked to open, kept so that it can be opened again."""

    path: Path
    config: Path | None = None
    tokenizer: str | None = None


@dataclass(frozen=True, eq=False)
class Document:
    """One tab's content. Without ``opened``, ``problem`` or ``target`` says why.

    ``table`` counts every row once that is done, ``findings`` are the checks' results;
    ``confirming`` while axolotl is asked whether config and dataset belong together.
    """

    request: Request
    target: Target | None = None
    opened: Opened | None = None
    problem: InspectError | None = None
    order: RowOrder = field(default_factory=lambda: RowOrder(0))
    table: RowTable | None = None
    findings: tuple[Finding, ...] = ()
    confirming: bool = False
    counted: float | None = None
    """Share of the rows that the census has seen, None when it does not run."""

    @property
    def title(self) -> str:
        """Return a short name for the tab: the config's, or the folder's."""
        if self.target is not None and self.target.config is not None:
            return self.target.config.path.name
        path = self.request.path
        return f"{path.name[:8]}…" if len(path.name) == 32 else path.name or str(path)

    @property
    def unprepared(self) -> bool:
        """Whether there is a config but nothing prepared from it yet."""
        return self.target is not None and self.target.status is Status.UNPREPARED

    @property
    def is_directory(self) -> bool:
        """Whether the path is only a place to look around in."""
        return self.target is not None and self.target.kind is TargetKind.DIRECTORY

    @property
    def known_findings(self) -> tuple[Finding, ...]:
        """Return everything that is wrong, the worst first: files, config, then rows."""
        found = [*self._file_findings(), *self.findings]
        return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))

    def with_opened(self, opened: Opened) -> Self:
        """Return the tab with its dataset read anew, or with more known about it."""
        return replace(self, opened=opened, target=opened.target)

    def _file_findings(self) -> list[Finding]:
        found = []
        if self.opened is not None:
            found += [
                Finding("F-DAMAGED", "error", str(damage), fix="run axolotl preprocess again")
                for damage in self.opened.dataset.damages
            ]
            missing = self.opened.vocabulary_problem
            if missing is not None:
                said = missing.message + (f" ({missing.place})" if missing.place else "")
                fix = "press ctrl+t and name a tokenizer folder, or pass --tokenizer"
                found.append(Finding("F-TOKENIZER", "warning", said, fix=fix))
        if self.target is not None:
            found += _target_findings(self.target)
        return found


def _target_findings(target: Target) -> list[Finding]:
    found = []
    if target.status is Status.STALE:
        found.append(Finding("F-STALE", "warning", target.message, fix=target.fix))
    elif target.status is Status.UNKNOWN:
        found.append(Finding("F-CONFIG", "info", target.message, fix=target.fix))
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
    return Document(request, target, opened, order=RowOrder(len(opened.dataset)))
