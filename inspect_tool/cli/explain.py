"""Explains rows and prints them; used by ``inspect-tool why`` and ``show --why``."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.cli.exits import say
from inspect_tool.cli.progress import Progress, waiting
from inspect_tool.cli.samples import Choice, opened_for
from inspect_tool.errors import InspectError
from inspect_tool.explaining import Explaining, explain_raw
from inspect_tool.opened import read_vocabulary
from inspect_tool.report.json_lines import JsonLines
from inspect_tool.report.look import look_of
from inspect_tool.report.why_text import WhyText, row_words
from inspect_tool.runs.target import resolve
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from inspect_tool.cli.quick import Request
    from inspect_tool.prompts.origin import WhySample
    from inspect_tool.prompts.training import TrainingRows
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.target import Target

STARTING = "starting axolotl (some seconds) ..."
INDEXED_FROM = 20
"""For more rows than this, all raw rows are rendered once instead of looked through for each."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which rows to explain, and how to print them."""

    rows: tuple[int, ...]
    raw: int | None
    dataset: int
    token: int | None
    as_json: bool
    color: Literal["auto", "always", "never"]


def explain(request: Request, asked: Asked) -> int:
    """Print why of every token that was asked for; return the exit status."""
    if asked.raw is not None:
        return _explain_raw(request, asked, asked.raw)
    opened = opened_for(request)
    with closing(opened.dataset), AxolotlWorker() as worker, Progress("rendering raw rows") as bar:
        rows = list(Choice(rows=asked.rows).rows_of(opened))
        waiting(STARTING)
        explaining = Explaining(opened, worker, progress=bar.update)
        for row in rows:
            found = explaining.sample(row)
            bar.clear()
            writer = _Writer(asked, opened.vocabulary, explaining.target.config)
            sys.stdout.write(writer.written(found, explaining.rows))
    return 0


def print_why(request: Request, *, choice: Choice) -> int:
    """Print samples as JSON lines on stdout, each token with its reason."""
    opened = opened_for(request)
    with closing(opened.dataset), AxolotlWorker() as worker, Progress("rendering raw rows") as bar:
        rows = list(choice.rows_of(opened))
        waiting(STARTING)
        explaining = Explaining(opened, worker, progress=bar.update)
        if len(rows) > INDEXED_FROM:
            explaining.index()
        lines = JsonLines(opened.vocabulary)
        for row in rows:
            found = explaining.sample(row)
            bar.clear()
            sys.stdout.write(lines.line(found.sample, why=found))
    return 0


def _explain_raw(request: Request, asked: Asked, row: int) -> int:
    target = resolve(request.path, config=request.config, tokenizer=request.tokenizer)
    with AxolotlWorker() as worker:
        waiting(STARTING)
        rows, samples = explain_raw(target, worker, source=asked.dataset, row=row)
        writer = _Writer(asked, _vocabulary(target, worker), target.config)
        for found in samples:
            sys.stdout.write(writer.written(found, rows))
    return 0


def _vocabulary(target: Target, worker: AxolotlWorker) -> Vocabulary | None:
    """Read the tokenizer as axolotl has it, added tokens included; say so when it cannot be."""
    from inspect_tool.runs.tokenizers import load_tokenizer

    reference = target.tokenizer
    try:
        if reference is None or not reference.needs_worker:
            return read_vocabulary(target)
        folder = load_tokenizer(reference, target.config, cwd=target.cwd, worker=worker)
        return Vocabulary.load(folder)
    except InspectError as problem:
        say(f"{problem}; showing ids")
        return None


class _Writer:
    """Writes one explained sample in the form that was asked for."""

    def __init__(self, asked: Asked, vocabulary: Vocabulary | None, config: Config | None) -> None:
        self._asked = asked
        self._vocabulary = vocabulary
        self._config = config

    def written(self, why: WhySample, rows: TrainingRows) -> str:
        token = self._asked.token
        if token is not None:
            _require_token(why, token)
        if self._asked.as_json:
            return JsonLines(self._vocabulary).line(why.sample, why=why)
        text = WhyText(
            self._vocabulary,
            look_of(sys.stdout, color=self._asked.color),
            config=self._config,
            settings={source.entry: source.settings for source in rows.info.sources},
        )
        if token is None or not why.explained or why.origin is None:
            return text.sample(why)
        raw = rows.raw(why.origin.source, why.origin.row)
        return text.token(why, token, raw)


def _require_token(why: WhySample, token: int) -> None:
    length = len(why.sample.sequences[0]) if why.sample.sequences else 0
    if token >= length:
        raise InspectError(
            f"token {token} is not there",
            place=row_words(why),
            fix=f"its tokens are 0 to {length - 1}" if length else "it has no tokens",
        )
