"""Why each token of a row is as it is, as the app keeps it: asked for once, then looked up.

Axolotl's start takes some seconds, so answers are made in a thread and are values from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.digests import without_nulls
from inspect_tool.prompts.explained import dotted
from inspect_tool.prompts.raw_text import raw_text
from inspect_tool.report.why_words import key_words, source_words
from inspect_tool.samples.facts import Fact, Tone
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.raw_pieces import RawPieces, cut_raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.explaining import Explaining
    from inspect_tool.prompts.explained import Reason
    from inspect_tool.prompts.origin import WhySample
    from inspect_tool.runs.config import Config
    from inspect_tool.samples.sample import Sample

Sections = list[tuple[str, list[Fact]]]

WAITING = "axolotl renders the raw rows; its start takes some seconds, and nothing waits for it"


@dataclass(frozen=True, eq=False)
class Answer:
    """Why of one row: ``why`` or the ``problem`` that there was.

    ``pieces`` are the raw row beside each sequence; ``settings`` those in force, by dataset.
    """

    why: WhySample | None = None
    problem: InspectError | None = None
    config: Config | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pieces: tuple[RawPieces, ...] = ()

    def reason(self, sequence: int, token: int) -> Reason | None:
        """Return why a token has its label; None where nothing says."""
        if self.why is None or self.why.origin is None or sequence >= len(self.why.explained):
            return None
        explained = self.why.explained[sequence]
        if not 0 <= token < len(explained):
            return None
        return explained.reason(token, self.why.origin.place)

    def raw_of(self, sequence: int) -> RawPieces | None:
        """Return the raw row beside a sequence, None where there is no raw row."""
        return self.pieces[min(sequence, len(self.pieces) - 1)] if self.pieces else None

    def spot(self, sequence: int, token: int) -> str:
        """Field and characters that a token came from; safe to show."""
        reason = self.reason(sequence, token)
        if reason is None or reason.source is None:
            return "not from the data" if reason else ""
        source = reason.source
        return safe(f"{dotted(source.field.path)} {source.start}:{source.end}")

    @property
    def place(self) -> str:
        """Name of the file and line of the raw row, or its number; safe to show."""
        origin = self.why.origin if self.why else None
        if origin is None:
            return ""
        if origin.place.file is None:
            return safe(f"{origin.entry} raw row {origin.row}")
        line = f":{origin.place.line}" if origin.place.line else ""
        return safe(f"{Path(origin.place.file).name}{line}")


def answered(explaining: Explaining, sample: Sample) -> Answer:
    """Explain a row; what a person can cause becomes the answer's problem. Takes seconds."""
    try:
        why = explaining.explain(sample)
        rows = explaining.rows
        settings = {source.entry: source.settings for source in rows.info.sources}
        config = explaining.target.config
        if why.origin is None:
            return Answer(why, config=config, settings=settings)
        raw = raw_text(without_nulls(rows.raw(why.origin.source, why.origin.row)))
    except InspectError as problem:
        return Answer(problem=problem)
    pieces = tuple(cut_raw(raw, explained) for explained in why.explained or (None,))
    return Answer(why, config=config, settings=settings, pieces=pieces)


def sections_of(answer: Answer | None, sequence: int, token: int) -> Sections:
    """Return what the page says of a token: of the wait, the problem or the reason."""
    if answer is None:
        return [("Why", [Fact("", WAITING)])]
    if answer.problem is not None:
        return [("Why not", _problem_facts(answer.problem))]
    reason = answer.reason(sequence, token)
    facts = [] if reason is None else _reason_facts(reason, answer)
    return [("Why", facts), ("Raw row", _origin_facts(answer))]


def line_of(answer: Answer | None, sequence: int, token: int) -> list[Fact]:
    """Return the inspector's one line about a token, once it is known."""
    reason = answer.reason(sequence, token) if answer else None
    if reason is None:
        return []
    doubt = " (inferred)" if reason.inferred else ""
    return [Fact("why", f"{reason.rule.name}: {reason.rule.title}{doubt}", _tone(reason))]


def _tone(reason: Reason) -> Tone:
    if reason.rule.name in {"stale", "unexplained"}:
        return "warning"
    if reason.label is None:
        return ""
    return "masked" if reason.rule.trained is False else "trained"


def _problem_facts(problem: InspectError) -> list[Fact]:
    facts = [Fact("problem", safe(problem.message), "warning")]
    facts += [Fact("at", safe(str(problem.place)))] if problem.place else []
    facts += [Fact("way out", safe(problem.fix))] if problem.fix else []
    return [*facts, Fact("", "enter asks again")]


def _reason_facts(reason: Reason, answer: Answer) -> list[Fact]:
    rule = reason.rule
    facts = [Fact("rule", rule.name, _tone(reason)), Fact("because", rule.sentence)]
    if reason.key is not None:
        facts.append(Fact("key", safe(key_words(reason.key, answer.config, answer.settings))))
    if reason.turn is not None:
        facts.append(Fact("turn", safe(f"{reason.turn.index} ({reason.turn.role})")))
    if reason.source is None:
        facts.append(Fact("source", "not from the data: it was added"))
    else:
        facts.append(Fact("source", safe(source_words(reason.source))))
    if reason.inferred:
        facts.append(Fact("note", "inferred: axolotl does not say so itself", "special"))
    return facts


def _origin_facts(answer: Answer) -> list[Fact]:
    from inspect_tool.report.why_text import origin_notes

    assert answer.why is not None
    tone: Tone = "" if answer.why.origin else "warning"
    return [Fact("", safe(note), tone) for note in origin_notes(answer.why)]
