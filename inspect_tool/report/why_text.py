"""Why each stretch of a sample is trained or masked, as text: one line a stretch, rules below."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.explained import dotted
from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import ASIDE, HEADING, ascii_only, marks_of
from inspect_tool.report.summary import counted, summary
from inspect_tool.report.why_words import from_here, key_words, source_words
from inspect_tool.report.wrap import Segment
from inspect_tool.samples.glyphs import safe, unknown_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from inspect_tool.prompts.explained import Explained, Reason, Source, Stretch
    from inspect_tool.prompts.origin import WhySample
    from inspect_tool.prompts.rules import Rule
    from inspect_tool.report.look import Look
    from inspect_tool.runs.config import Config
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

EXCERPT = 48
"""Cells of a stretch's text that are shown where the width says nothing."""
CONTEXT = 60
"""Characters of the raw text shown on either side of a token's own."""

_STATES = {True: ("trained", "1;32"), False: ("masked", "2"), None: ("", "")}


class WhyText:
    """Writes explained samples; ``settings`` are those in force, by dataset and key."""

    def __init__(
        self,
        vocabulary: Vocabulary | None,
        look: Look,
        *,
        config: Config | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._look = look
        self._config = config
        self._settings = settings or {}

    def sample(self, why: WhySample) -> str:
        """Return a sample's stretches with the rule and the characters of each."""
        return printed(self._sample(why), self._look)

    def token(self, why: WhySample, index: int, raw: Mapping[str, Any] | None) -> str:
        """Return all that is known of token ``index`` of the first sequence."""
        return printed(self._token(why, index, raw), self._look)

    def _sample(self, why: WhySample) -> Iterator[Segment]:
        yield from self._title(why)
        for explained, sequence in zip(why.explained, why.sample.sequences, strict=False):
            if len(why.explained) > 1:
                yield from heading([sequence.name], self._look, rule=False)
            yield from self._stretches(why, explained, sequence)
        rules = self._rules_of(why)
        if rules:
            yield Segment("\n")
            yield from chain.from_iterable(self._rule(rule, key) for rule, key in rules.items())
        yield Segment("\n")

    def _title(self, why: WhySample) -> Iterator[Segment]:
        sample = why.sample
        title = [row_words(why)]
        title += [sample.split] if sample.split else []
        if sample.sequences and sample.sequences[0].stored_text is None:
            title += summary(sample.sequences[0], self._vocabulary)
        yield from heading(title, self._look)
        for note in origin_notes(why):
            yield from heading([note], self._look, rule=False)

    def _stretches(
        self, why: WhySample, explained: Explained, sequence: TokenSequence
    ) -> Iterator[Segment]:
        assert why.origin is not None
        stretches = explained.stretches(why.origin.place)
        texts = self._texts(sequence)
        rows = [self._cells(stretch, sequence) for stretch in stretches]
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(4)]
        used = sum(widths) + 2 * len(widths)
        room = max((self._look.width or used + EXCERPT) - used, 12)
        for stretch, row in zip(stretches, rows, strict=True):
            state = _STATES[_trained(sequence, stretch.start)][1]
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            text = self._excerpt("".join(texts[stretch.start : stretch.stop]), room)
            line = f"{'  '.join(cells)}  {text}"
            yield Segment(self._written(line), state if self._look.color else "")
            yield Segment("\n")

    def _cells(self, stretch: Stretch, sequence: TokenSequence) -> tuple[str, str, str, str]:
        last = stretch.stop - 1
        tokens = f"{stretch.start}" if last == stretch.start else f"{stretch.start}-{last}"
        trained = _trained(sequence, stretch.start)
        reason = stretch.reason
        doubt = " ?" if reason.inferred else ""
        return tokens.rjust(7), _STATES[trained][0], reason.rule.name + doubt, _spot(reason.source)

    def _texts(self, sequence: TokenSequence) -> list[str]:
        if self._vocabulary is None:
            return [f"{token_id} " for token_id in sequence.ids.tolist()]
        known = self._vocabulary.known(sequence.ids).tolist()
        texts = self._vocabulary.texts(sequence.ids)
        ids = sequence.ids.tolist()
        return [
            text if is_known else unknown_id(token_id)
            for text, token_id, is_known in zip(texts, ids, known, strict=True)
        ]

    def _excerpt(self, text: str, room: int) -> str:
        marks = marks_of(self._look)
        shown = safe(text, newline=marks.newline, tab=marks.tab)
        if len(shown) <= room:
            return shown
        tail = room // 4
        more = "…" if self._look.unicode else "..."
        return f"{shown[: room - tail - len(more)]}{more}{shown[-tail:]}"

    def _rules_of(self, why: WhySample) -> dict[Rule, str | None]:
        found: dict[Rule, str | None] = {}
        for explained in why.explained:
            for stretch in explained.stretches():
                found.setdefault(stretch.reason.rule, stretch.reason.key)
        return found

    def _rule(self, rule: Rule, key: str | None) -> Iterator[Segment]:
        color = self._look.color
        yield Segment(f"{rule.name}", HEADING if color else "")
        yield Segment(f"  {rule.sentence}\n")
        if key is not None:
            yield Segment(self._written(f"    {self._key(key)}\n"), ASIDE if color else "")

    def _key(self, key: str) -> str:
        return key_words(key, self._config, self._settings)

    def _token(
        self, why: WhySample, index: int, raw: Mapping[str, Any] | None
    ) -> Iterator[Segment]:
        assert why.origin is not None
        sequence, explained = why.sample.sequences[0], why.explained[0]
        reason = explained.reason(index, why.origin.place)
        text = self._texts(sequence)[index]
        state = _STATES[_trained(sequence, index)][0] or "no label"
        yield from heading([row_words(why), f"token {index}", state], self._look)
        for note in origin_notes(why):
            yield from heading([note], self._look, rule=False)
        facts = [("text", self._excerpt(text, EXCERPT)), ("id", str(int(sequence.ids[index])))]
        if reason.label is not None:
            facts.append(("label", str(reason.label)))
        if reason.turn is not None:
            facts.append(("turn", f"{reason.turn.index} ({reason.turn.role})"))
        facts += [("rule", reason.rule.name), ("why", reason.rule.sentence)]
        if reason.key is not None:
            facts.append(("key", self._key(reason.key)))
        if reason.inferred:
            facts.append(("note", "inferred: axolotl does not say so itself"))
        facts += self._from(reason, raw)
        for name, value in facts:
            yield Segment(name.ljust(8), HEADING if self._look.color else "")
            yield Segment(self._written(f"{safe(value, newline='↵', tab='→')}\n"))
        yield Segment("\n")

    def _from(self, reason: Reason, raw: Mapping[str, Any] | None) -> list[tuple[str, str]]:
        if reason.source is None:
            return [("source", "not from the data: it was added")]
        source = reason.source
        facts = [("source", source_words(source))]
        whole = _value_at(raw, source.field.path) if raw is not None else None
        if isinstance(whole, str):
            opened, closed = marks_of(self._look).trained
            before = whole[max(source.start - CONTEXT, 0) : source.start]
            after = whole[source.end : source.end + CONTEXT]
            own = whole[source.start : source.end]
            facts.append(("", f"{before}{opened}{own}{closed}{after}"))
        return facts

    def _written(self, text: str) -> str:
        return text if self._look.unicode else ascii_only(text)


def row_words(why: WhySample) -> str:
    """Name the row that is explained: a prepared one, or a raw one by its number in its dataset."""
    if why.sample.row >= 0:
        return f"row {why.sample.row}"
    return "raw row" if why.origin is None else f"raw row {why.origin.row}"


def origin_notes(why: WhySample) -> Iterable[str]:
    """Return what is to say of where a sample came from, most important first."""
    origin = why.origin
    if origin is None:
        return ["no raw row renders to it: the data or the config changed since it was prepared"]
    where = f"{origin.entry} raw row {origin.row}"
    if origin.place.file is not None:
        line = f":{origin.place.line}" if origin.place.line else ""
        where = f"{from_here(origin.place.file)}{line}, {where}"
    notes = [f"from {where}"]
    if origin.part:
        notes[0] += f", part {origin.part}"
    if origin.twins:
        notes[0] += f"; {counted(origin.twins, 'other raw row')} would make the same"
    if not why.explained:
        notes.append("stored as text: the trainer makes its tokens and labels")
    if origin.how == "cut":
        lost = why.rendered - len(why.sample.sequences[0])
        notes.append(f"cut: its last {counted(lost, 'token')} did not fit sequence_len")
    if origin.how == "relabelled":
        notes.append("stale: the config as it is now gives it other labels")
    return notes


def _spot(source: Source | None) -> str:
    if source is None:
        return "-"
    doubt = "?" if source.field.inferred else ""
    return f"{dotted(source.field.path)}{doubt} {source.start}:{source.end}"


def _trained(sequence: TokenSequence, index: int) -> bool | None:
    return None if sequence.trained is None else bool(sequence.trained[index])


def _value_at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
