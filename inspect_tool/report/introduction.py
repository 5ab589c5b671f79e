"""The lines before the first sample: what was opened, and what colours or marks mean."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.report.lines import joined, printed
from inspect_tool.report.marks import HEADING, legend
from inspect_tool.report.summary import counted
from inspect_tool.report.wrap import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.opened import Opened
    from inspect_tool.report.look import Look

NAMES = 11
"""Columns that the names of facts take."""


def introduction(opened: Opened, look: Look) -> str:
    """Return the lines before the first sample: what was opened, and what the marks mean."""
    target, dataset = opened.target, opened.dataset
    splits = [f"{len(rows):,} {split}" for split, rows in opened.splits.items()]
    rows = counted(len(dataset), "row") + (f" ({', '.join(splits)})" if splits else "")
    others = len(target.datasets) - 1
    facts = [
        ("dataset", [str(_from_here(dataset.path))]),
        ("", [dataset.kind.title, rows]),
        ("", [f"the likeliest of {others + 1} folders there"] if others else []),
        ("config", [target.message]),
        ("tokenizer", [_tokenizer(opened)]),
    ]
    lines = chain.from_iterable(_fact(name, parts, look) for name, parts in facts if parts)
    explained = (
        [*legend(replace(look, whitespace=False)), Segment("\n")] if dataset.kind.tokenized else []
    )
    return printed([*lines, *explained, Segment("\n")], look)


def _tokenizer(opened: Opened) -> str:
    reference = opened.target.tokenizer
    if reference is None:
        return "none is known" if opened.dataset.kind.tokenized else "none is needed for text"
    return reference.message.removeprefix("tokenizer ")


def _fact(name: str, parts: list[str], look: Look) -> Iterator[Segment]:
    """Yield one fact, its further lines under its first."""
    text = joined(parts, look)
    room = max((look.width or len(text) + NAMES) - NAMES, 1)
    lines = textwrap.wrap(text, room, break_on_hyphens=False)
    yield Segment(name.ljust(NAMES), HEADING if look.color and name else "")
    indent = "\n" + " " * NAMES
    yield Segment(f"{indent.join(lines)}\n")


def _from_here(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
