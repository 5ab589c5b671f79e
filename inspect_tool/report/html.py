"""The report: one page that holds everything it shows, safe to open and to pass on.

Whatever is written into the page goes through ``glyphs.safe`` (the environment's ``finalize``)
and then through HTML's own escaping, whether or not its template says so. A Content-Security-Policy
lets nothing run or load but the page's own style and script, which it names by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inspect_tool import __version__
from inspect_tool.errors import InspectError
from inspect_tool.report.html_config import config_lines, line_of_key
from inspect_tool.report.html_pieces import Pieces, shown
from inspect_tool.report.html_plot import Plot, length_plot, share_plot
from inspect_tool.report.html_rows import marks_of_rows
from inspect_tool.report.html_sample import sample_view
from inspect_tool.report.summary import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from inspect_tool.opened import Opened
    from inspect_tool.samples.census import Census
    from inspect_tool.samples.checks.report import Report

GENERATOR: Final = "inspect-tool report"
"""Stands in every page, so that a page is known again."""
LINKED_ROWS: Final = 40
"""Row numbers that a finding lists."""
LONG_PAGE: Final = 100_000
"""Tokens from which on the browser lays out only what is near the screen.

Until it does so a screen reader does not find the rest, so shorter pages do without.
"""
TOKEN_BYTES: Final = 4
"""Bytes of text taken for a token where rows are stored as text."""


@dataclass(frozen=True)
class Contents:
    """What a page is made of. ``rows`` are shown in this order."""

    opened: Opened
    checked: Report
    rows: Sequence[int]
    made: datetime


def page(contents: Contents) -> Iterator[str]:
    """Yield the page piece by piece; no more than one sample is held at a time."""
    template = _environment().get_template("page.html.j2")
    return template.generate(_frame(contents) | _body(contents))


def _frame(contents: Contents) -> dict[str, Any]:
    """Return what the template needs around the samples."""
    script, style = _asset("page.js"), _asset("page.css")
    config = contents.opened.target.config
    lines, config_problem = _config(contents.opened)
    return {
        "generator": GENERATOR,
        "policy": _policy(script=script, style=style),
        # Our own files; a dataset's text is never Markup.
        "script": Markup(script),  # noqa: S704
        "style": Markup(style),  # noqa: S704
        "title": config.path.name if config else contents.opened.dataset.path.name,
        "facts": _facts(contents),
        "vocabulary_problem": contents.opened.vocabulary_problem,
        "config": config,
        "config_lines": lines,
        "config_problem": config_problem,
    }


def _body(contents: Contents) -> dict[str, Any]:
    """Return what the template needs for the census, the findings and the samples."""
    opened, checked = contents.opened, contents.checked
    pieces = Pieces(opened.vocabulary)
    marks = marks_of_rows(checked.findings, contents.rows)
    return {
        "numbers": _numbers(checked.census),
        "plots": _plots(contents),
        "last_tokens": checked.last_tokens,
        "findings": checked.findings,
        "key_lines": _key_lines(contents),
        "undecided": checked.not_run,
        "linked_rows": LINKED_ROWS,
        "long": _is_long(contents),
        "marks": marks,
        "shown_rows": contents.rows,
        "total": len(opened.dataset),
        "tokenized": opened.dataset.kind.tokenized,
        "ids_alone": opened.vocabulary is None,
        "labelled": checked.census.labelled,
        "samples": (sample_view(opened, row, marks[row], pieces) for row in contents.rows),
        "table": lambda: _json(pieces.table()),
    }


def _is_long(contents: Contents) -> bool:
    """Tell whether the rows shown are too much text to lay out at once."""
    census, dataset = contents.checked.census, contents.opened.dataset
    if dataset.kind.tokenized:
        return int(census.lengths[list(contents.rows)].sum()) > LONG_PAGE
    row_bytes = dataset.file_bytes / max(len(dataset), 1)
    return row_bytes * len(contents.rows) > LONG_PAGE * TOKEN_BYTES


def _facts(contents: Contents) -> list[tuple[str, str]]:
    opened = contents.opened
    target = opened.target
    splits = [f"{name} {len(rows):,} rows" for name, rows in opened.splits.items()]
    config = str(target.config.path) if target.config else "none known"
    return [
        ("Dataset", str(opened.dataset.path)),
        ("Kind", opened.dataset.kind.title),
        *([("Splits", ", ".join(splits))] if splits else []),
        ("Config", config),
        ("How it is known", target.message),
        ("Tokenizer", _tokenizer(opened)),
        ("Base model", target.config.base_model if target.config else "unknown"),
        ("Versions", _versions()),
        ("Made", contents.made.strftime("%Y-%m-%d %H:%M %Z").strip()),
    ]


def _tokenizer(opened: Opened) -> str:
    """Return the tokenizer's name as a person wrote it, and where."""
    reference = opened.target.tokenizer
    if opened.vocabulary is None:
        return "none found; ids are shown"
    return reference.message.removeprefix("tokenizer ") if reference else opened.vocabulary.name


def _versions() -> str:
    found = [f"inspect-tool {__version__}"]
    for package in ("axolotl", "transformers", "datasets"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"Python {platform.python_version()}"]) + " (of this machine)"


def _numbers(census: Census) -> list[tuple[str, str]]:
    """Return the counts that matter most, as (value, what it counts)."""
    numbers = [(f"{census.rows:,}", "row" if census.rows == 1 else "rows")]
    if not census.tokens:
        return numbers
    numbers.append((f"{census.tokens:,}", "tokens"))
    if census.labelled:
        numbers.append((f"{census.trained_tokens:,}", "trained tokens"))
        numbers.append((percent(census.trained_share), "trained"))
    numbers.append((f"{census.quantile(0.5):,}", "median length"))
    numbers.append((f"{int(census.lengths.max(initial=0)):,}", "longest"))
    return numbers


def _plots(contents: Contents) -> list[Plot]:
    census = contents.checked.census
    if not census.tokens:
        return []
    config = contents.opened.target.config
    written = config.values.get("sequence_len") if config else None
    limit = written if isinstance(written, int) else None
    plots = [length_plot(census, sequence_len=limit)]
    return [*plots, share_plot(census)] if census.labelled else plots


def _config(opened: Opened) -> tuple[list[str], str | None]:
    if opened.target.config is None:
        return [], None
    try:
        return config_lines(opened.target.config), None
    except InspectError as error:
        return [], str(error)


def _key_lines(contents: Contents) -> dict[str, int]:
    """Return the config's line for each key that a finding names and the config has."""
    config = contents.opened.target.config
    keys = {finding.key for finding in contents.checked.findings if finding.key}
    lines = {key: line_of_key(config, key) for key in keys} if config else {}
    return {key: line for key, line in lines.items() if line is not None}


def _json(value: Any) -> Markup:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _policy(*, script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return (files("inspect_tool.report") / "assets" / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("inspect_tool.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def _finalized(value: Any) -> Any:
    """Return what is about to be written, as text that is safe to show."""
    return value if isinstance(value, Markup | int | float) else shown(value)
