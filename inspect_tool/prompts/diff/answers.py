"""What training taught: each trained answer of a config's rows, after the very tokens before it.

Runs in the worker. A row of plain text has no prompt, so its first half stands for one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.diagnosis.stop_set import judge_stop
from inspect_tool.prompts.diff.chat_side import END_REACH
from inspect_tool.prompts.diff.other_sides import side_of
from inspect_tool.prompts.diff.results import Failure, Side, Stop
from inspect_tool.prompts.inference.encoder import Encoder
from inspect_tool.prompts.inference.limits import LimitError
from inspect_tool.prompts.inference.stops import model_stops
from inspect_tool.prompts.strategies.chat import ChatReader
from inspect_tool.prompts.strategies.pieces import CompletionReader
from inspect_tool.prompts.strategies.sessions import Request, Session, Source, session
from inspect_tool.prompts.strategies.tasks import _length_filter, _said
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.prompts.diff.training_side import TrainingSide
    from inspect_tool.prompts.inference.stops import Stops

PLAIN, CHAT, OTHER = "plain", "chat", "other"


@dataclass(frozen=True, eq=False)
class Answer:
    """One trained answer: the ids before it, its own tokens, and which of them are trained.

    ``row`` counts the raw rows of all datasets, ``answer`` the answers of the row. The tokens go
    to the trained end, or to the last trained one before anything masked that is no end.
    """

    row: int
    entry: str
    answer: int
    prompt: tuple[int, ...]
    expected: Side
    trained: tuple[bool, ...]
    stop: Stop


@dataclass(frozen=True)
class Answers:
    """All answers of a config; ``kinds`` says of each dataset whether it is plain text or chat."""

    answers: tuple[Answer, ...]
    failures: tuple[Failure, ...]
    kinds: tuple[str, ...]


def answers_of(request: Request, stops: tuple[str, ...]) -> Answers:
    """Return every trained answer of every row; ``stops`` are tokens that end answers, too.

    Raises InspectError for kinds without answers.
    """
    with session(request) as opened:
        encoder = Encoder(opened.tokenizer)
        ends = model_stops(encoder, str(opened.cfg.base_model), stops)
        found: list[Answer] = []
        failures: list[Failure] = []
        first = 0
        for source in opened.sources:
            reading = _Reading(opened, source, encoder, ends)
            for number, row in source.numbered():
                answers = reading.answers(first + number, row)
                if isinstance(answers, str):
                    failures.append(Failure(first + number, None, answers))
                else:
                    found += answers
            first += len(source.dataset)
        kinds = tuple(_kind(source) for source in opened.sources)
        return Answers(tuple(found), tuple(failures), kinds)


def texts_of(request: Request, sequences: Sequence[Sequence[int]]) -> list[Side]:
    """Return sequences of ids with their texts."""
    with session(request) as opened:
        encoder = Encoder(opened.tokenizer)
        return [Side.of(ids, encoder.texts(ids)) for ids in sequences]


class _Reading:
    """The rows of one dataset: rendered, and cut into prompts and answers."""

    def __init__(self, opened: Session, source: Source, encoder: Encoder, ends: Stops) -> None:
        self.source = source
        self.encoder = encoder
        self.ends = ends
        self.keeps = _length_filter(opened)
        place = f"{os.fspath(opened.request.config)}, {source.entry}"
        plain = _kind(source) == PLAIN
        self.side = None if plain else side_of(source.reader, encoder, place)

    def answers(self, number: int, row: Any) -> list[Answer] | str:
        """Return the answers of a row, or why it has none."""
        try:
            found = list(self._halves(row) if self.side is None else self._parts(self.side, row))
        except LimitError:
            raise
        except Exception as error:  # what axolotl raises is the row's fate
            return f"axolotl fails on it: {_said(error)}"
        if not found:
            return "it has no trained answer, or is dropped for its length"
        return [
            Answer(
                row=number,
                entry=self.source.entry,
                answer=part.answer,
                prompt=tuple(part.prompt),
                expected=Side.of(part.ids, self.encoder.texts(part.ids)),
                trained=tuple(part.trained),
                stop=part.stop,
            )
            for part in found
        ]

    def _parts(self, side: TrainingSide, row: Any) -> Iterator[_Part]:
        rendered, prompts = side.prompts(row)
        if not self.keeps(rendered):
            return
        trained = [label != IGNORE_INDEX for label in rendered.labels or []]
        starts = [len(prompt.ids) for prompt in prompts]
        ends = any(prompt.end_ids for prompt in prompts)
        for prompt, limit in zip(prompts, [*starts[1:], len(rendered.ids)], strict=True):
            start = len(prompt.ids)
            stop = answer_stop(rendered.ids, trained, start, limit, prompt.end_ids)
            if stop > start:
                judged = judge_stop(
                    prompt.end_ids, self.ends, self.encoder, masked_end=prompt.masked_end
                )
                if ends and not prompt.end_ids and _kind(self.source) == OTHER:
                    judged = self._endless()  # segments may go on where an end is to come later
                yield _Part(
                    prompt.answer, prompt.ids, rendered.ids[start:stop], trained[start:stop], judged
                )

    def _endless(self) -> Stop:
        """Return the stop of an answer that is not meant to end."""
        return Stop((), self.ends.ids, ok=True, from_where=self.ends.where)

    def _halves(self, row: Any) -> Iterator[_Part]:
        """Yield the second half of each piece of a text as the answer to the first."""
        for number, item in enumerate(self.source.reader.render(row)):
            middle = len(item.ids) // 2
            if not middle or not self.keeps(item):
                continue
            end = tuple(item.ids[-1:])
            judged = judge_stop(end, self.ends, self.encoder)
            if not judged.ok:
                judged = self._endless()
            trained = [label != IGNORE_INDEX for label in item.labels or []]
            yield _Part(number, item.ids[:middle], item.ids[middle:], trained[middle:], judged)


@dataclass(frozen=True)
class _Part:
    """Which of a row's answers, the ids before it, its own, which are trained, how it ends."""

    answer: int
    prompt: list[int]
    ids: list[int]
    trained: list[bool]
    stop: Stop


def _kind(source: Source) -> str:
    if isinstance(source.reader, CompletionReader):
        return PLAIN
    return CHAT if isinstance(source.reader, ChatReader) else OTHER


def answer_stop(
    ids: Sequence[int], trained: Sequence[bool], start: int, limit: int, end: tuple[int, ...]
) -> int:
    """Return where an answer stops: after its first trained run, or its trained end beyond.

    ``start`` where nothing is trained.
    """
    stop = next((at for at in range(start, limit) if trained[at]), start)
    while stop < limit and trained[stop]:
        stop += 1
    if stop > start and end and tuple(ids[stop - len(end) : stop]) != end:
        reach = range(stop, min(stop + END_REACH, limit))
        found = next((at for at in reach if tuple(ids[at : at + len(end)]) == end), None)
        return stop if found is None else found + len(end)
    return stop
