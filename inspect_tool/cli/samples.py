"""Prints samples, one after the other, each gone before the next is read; used by two commands."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.opened import open_target
from inspect_tool.report.look import Look, look_of
from inspect_tool.runs.target import Status, TargetKind, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from inspect_tool.cli.quick import Request
    from inspect_tool.opened import Opened
    from inspect_tool.runs.target import Target
    from inspect_tool.samples.prepared import Block
    from inspect_tool.samples.sample import Sample

FIRST = 3
"""How many samples are printed as text when nobody says how many."""
NAMED = 6
"""How many paths an error names."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are asked for: these, or those of a split, and at most so many."""

    rows: tuple[int, ...] = ()
    split: str | None = None
    limit: int | None = None

    @property
    def everything(self) -> bool:
        """Whether every row is asked for."""
        return not self.rows and self.split is None and self.limit is None

    def rows_of(self, opened: Opened) -> Iterable[int]:
        """Return the row numbers; raises InspectError for rows or splits that are not there."""
        rows: Iterable[int] = range(len(opened.dataset))
        if self.rows:
            rows = [_existing(row, opened) for row in self.rows]
        elif self.split is not None:
            rows = _split(self.split, opened)
        return islice(rows, self.limit)


def print_text(request: Request, *, choice: Choice | None = None, look: Look | None = None) -> int:
    """Print samples as text on stdout, by default the first few."""
    from inspect_tool.report.introduction import introduction
    from inspect_tool.report.text import sample_text

    chosen = choice or Choice(limit=FIRST)
    drawn = look or look_of(sys.stdout)
    opened = opened_for(request)
    with closing(opened.dataset):
        rows = chosen.rows_of(opened)
        with_ids = _encoder(opened) if drawn.ids else _unchanged
        sys.stdout.write(introduction(opened, drawn))
        return _print(
            opened, rows, lambda sample: sample_text(with_ids(sample), opened.vocabulary, drawn)
        )


def print_json(request: Request, *, choice: Choice) -> int:
    """Print samples as JSON lines on stdout, by default every one.

    Tells by its status when not every row could be printed: a program reads this, not a person.
    """
    from inspect_tool.report.json_lines import JsonLines

    opened = opened_for(request)
    with closing(opened.dataset):
        rows = choice.rows_of(opened)
        with_ids, lines = _encoder(opened), JsonLines(opened.vocabulary)
        status = _print(opened, rows, lambda sample: lines.line(with_ids(sample)))
        incomplete = choice.everything and bool(opened.dataset.damages)
        return int(ExitCode.USAGE) if incomplete else status


def opened_for(request: Request, *, without_tokenizer: str = "showing ids") -> Opened:
    """Open what was asked for, with axolotl's help where it is needed, and say what is amiss.

    ``without_tokenizer`` says what is done where none can be had.
    """
    from inspect_tool.exact import needs_axolotl

    target = resolve(request.path, config=request.config, tokenizer=request.tokenizer)
    if target.kind is TargetKind.DIRECTORY:
        raise _nothing_in(target.path)
    opened = open_target(_certain(target) if target.ambiguous else target)
    for damage in opened.dataset.damages:
        say(str(damage))
    if needs_axolotl(opened):
        opened = _asked(opened)
    if opened.vocabulary_problem is not None and opened.dataset.kind.tokenized:
        say(f"{opened.vocabulary_problem}; {without_tokenizer}")
    return opened


def _certain(target: Target) -> Target:
    """Have axolotl say which of several folders is the config's, where it can be asked."""
    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.confirm import confirm

    name = target.config.path.name if target.config else target.path.name
    say(
        f"{len(target.datasets)} folders may be the one of {name}: asking axolotl, which the next "
        "time is known (some seconds) ..."
    )
    with AxolotlWorker() as worker:
        confirmed = confirm(target, worker)
    if confirmed.status is not Status.CONFIRMED:
        say(f"{confirmed.message}; {confirmed.fix}" if confirmed.fix else confirmed.message)
    return confirmed


def _nothing_in(directory: Path) -> InspectError:
    """Say what a directory without a dataset of its own has to offer."""
    from inspect_tool.runs.workspace import discover

    found = discover(directory)
    paths = [*found.configs, *(folder.path for folder in found.prepared)]
    names = [str(path.relative_to(directory)) for path in paths[:NAMED]]
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return InspectError(
        "no prepared dataset directly in this directory",
        place=directory,
        fix=f"name one of {', '.join(names)}{more}" if names else "and no axolotl YAML below it",
    )


def _asked(opened: Opened) -> Opened:
    """Read with axolotl's tokenizer, or as before where it cannot be had."""
    from inspect_tool.exact import read_with_axolotl

    say("asking axolotl for its tokenizer, which the next time is at hand (some seconds) ...")
    try:
        return read_with_axolotl(opened)
    except InspectError as problem:
        say(str(problem))
        return opened


def _encoder(opened: Opened) -> Callable[[Sample], Sample]:
    """Return what gives ids to samples stored as text, where a tokenizer is at hand."""
    tokenizer = opened.target.tokenizer
    if opened.dataset.kind.tokenized or opened.vocabulary is None or tokenizer is None:
        return _unchanged
    from inspect_tool.samples.encoding import TextEncoder

    return TextEncoder(tokenizer.folder).encoded if tokenizer.folder else _unchanged


def _unchanged(sample: Sample) -> Sample:
    return sample


def _print(opened: Opened, rows: Iterable[int], write: Callable[[Sample], str]) -> int:
    """Print the rows that can be read and say which cannot."""
    status = ExitCode.OK
    for item in _samples(opened, rows):
        if isinstance(item, InspectError):
            sys.stdout.flush()
            say(str(item))
            status = ExitCode.USAGE
        else:
            sys.stdout.write(write(item))
    return int(status)


def _samples(opened: Opened, rows: Iterable[int]) -> Iterator[Sample | InspectError]:
    """Yield each sample or what is wrong with it; memory stays flat however many there are."""
    read: Block | None = None
    for row in rows:
        block, _ = opened.dataset.block_of(row)
        if read is not None and read is not block:
            read.shard.release_pages()
        read = block
        try:
            yield opened.sample(row)
        except InspectError as error:
            yield error


def _existing(row: int, opened: Opened) -> int:
    count = len(opened.dataset)
    if 0 <= row < count:
        return row
    raise InspectError(
        f"row {row} is not there",
        place=opened.dataset.path,
        fix=f"its rows are 0 to {count - 1}" if count else "it has no rows",
    )


def _split(name: str, opened: Opened) -> range:
    if name in opened.splits:
        return opened.splits[name]
    there = ", ".join(opened.splits)
    raise InspectError(
        f"no split {name!r} there",
        place=opened.dataset.path,
        fix=f"it has {there}" if there else "nothing tells its splits; name the YAML with --config",
    )
