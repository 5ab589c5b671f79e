"""One sample as text for a terminal or a pipe: one line that sums it up, then what it reads."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.report.marks import (
    HEADING,
    Piece,
    ascii_only,
    drawn,
    drawn_text,
    legend,
    marks_of,
)
from inspect_tool.report.plain_values import json_text
from inspect_tool.report.summary import summary
from inspect_tool.report.wrap import Line, Segment, lines_of, wrapped
from inspect_tool.samples.glyphs import safe, unknown_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from inspect_tool.opened import Opened
    from inspect_tool.report.look import Look
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

MAX_COLUMN = 2000
"""Characters of a plain column's value that are shown; JSON output has them all."""


def sample_text(sample: Sample, vocabulary: Vocabulary | None, look: Look) -> str:
    """Return one sample as lines of text, the last one ended; every character of it is safe."""
    return printed(_sample(sample, vocabulary, look), look)


def introduction(opened: Opened, look: Look) -> str:
    """Return the lines before the first sample: what was opened, and what the marks mean."""
    target, dataset = opened.target, opened.dataset
    splits = [f"{len(rows):,} {split}" for split, rows in opened.splits.items()]
    rows = f"{len(dataset):,} rows" + (f" ({', '.join(splits)})" if splits else "")
    folders = len(target.datasets)
    likeliest = [f"the likeliest of {folders} folders there"] if folders > 1 else []
    facts = {
        "dataset": [str(_from_here(dataset.path)), *likeliest],
        "": [dataset.kind.title, rows],
        "config": [target.message],
        "tokenizer": [target.tokenizer.message.removeprefix("tokenizer ")]
        if target.tokenizer
        else ["none is known"],
    }
    lines = chain.from_iterable(_fact(name, parts, look) for name, parts in facts.items())
    explained = [*legend(look), Segment("\n")] if dataset.kind.tokenized else []
    return printed([*lines, *explained, Segment("\n")], look)


def _fact(name: str, parts: list[str], look: Look) -> Iterator[Segment]:
    yield Segment(name.ljust(11), HEADING if look.color else "")
    yield Segment(f"{_joined(parts, look)}\n")


def _from_here(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _joined(parts: Iterable[str], look: Look) -> str:
    text = (" · " if look.unicode else " - ").join(safe(part, newline=" ") for part in parts)
    return text if look.unicode else ascii_only(text)


def heading(parts: Iterable[str], look: Look, *, rule: bool = True) -> Iterator[Segment]:
    """Yield one line that names what follows it."""
    text = _joined(parts, look)
    if rule:
        bar = "─" if look.unicode else "-"
        text = f"{bar * 2} {text} "
        text += bar * max((look.width or 0) - len(text), 2)
    yield Segment(text, HEADING if look.color else "")
    yield Segment("\n")


def printed(segments: Iterable[Segment], look: Look) -> str:
    """Fold segments to the look's width and write their styles as SGR sequences."""
    lines = lines_of(segments)
    if look.width is not None:
        width = look.width
        space = marks_of(look).space if look.whitespace else " "
        lines = chain.from_iterable(wrapped(line, width, space=space) for line in lines)
    return "".join(f"{_written(line)}\n" for line in lines)


def _written(line: Line) -> str:
    return "".join(f"\x1b[{sgr}m{text}\x1b[0m" if sgr and text else text for text, sgr in line)


def _sample(sample: Sample, vocabulary: Vocabulary | None, look: Look) -> Iterator[Segment]:
    title = [f"row {sample.row}", *([sample.split] if sample.split else [])]
    single = len(sample.sequences) == 1 and sample.sequences[0].stored_text is None
    if single:
        title += summary(sample.sequences[0], vocabulary)
    yield from heading(title, look)
    for sequence in sample.sequences:
        if not single:
            yield from heading([sequence.name, *summary(sequence, vocabulary)], look, rule=False)
        yield from _ended(_sequence(sequence, vocabulary, look))
    for name, value in sample.columns.items():
        yield from _ended(_column(name, value, look))
    yield Segment("\n")


def _ended(segments: Iterable[Segment]) -> Iterator[Segment]:
    """End the last line, but do not add a blank one."""
    last = "\n"
    for segment in segments:
        last = segment.text or last
        yield segment
    if not last.endswith("\n"):
        yield Segment("\n")


def _sequence(
    sequence: TokenSequence, vocabulary: Vocabulary | None, look: Look
) -> Iterator[Segment]:
    if sequence.stored_text is not None and not (look.ids and len(sequence)):
        return drawn([Piece(sequence.stored_text)], look)
    return drawn(_pieces(sequence, vocabulary, look), look)


def _pieces(sequence: TokenSequence, vocabulary: Vocabulary | None, look: Look) -> Iterator[Piece]:
    ids = sequence.ids
    if vocabulary is None:
        yield from _id_pieces(sequence)
        return
    texts = vocabulary.texts(ids)
    unknown = ~vocabulary.known(ids)
    for index in np.flatnonzero(unknown).tolist():
        texts[index] = unknown_id(int(ids[index]))
    special = vocabulary.specials(ids)
    odd = _odd_labels(sequence)
    trained = sequence.trained
    for start, stop in _alike(sequence, special | odd, every=look.ids):
        number = f"{ids[start]}" if look.ids and not unknown[start] else ""
        label = f"label {_label(sequence, start)}" if odd[start] else ""
        aside = " ".join(filter(None, (number, label)))
        yield Piece(
            text="".join(texts[start:stop]),
            trained=None if trained is None else bool(trained[start]),
            special=bool(special[start]),
            aside=f"[{aside}]" if aside else "",
        )


def _odd_labels(sequence: TokenSequence) -> NDArray[np.bool_]:
    """Tell which tokens are trained towards something else than themselves, bool[n]."""
    if sequence.trained is None or sequence.labels is None:
        return np.zeros(len(sequence), dtype=np.bool_)
    return np.asarray(sequence.trained & (sequence.labels != sequence.ids))


def _label(sequence: TokenSequence, index: int) -> int:
    assert sequence.labels is not None
    return int(sequence.labels[index])


def _id_pieces(sequence: TokenSequence) -> Iterator[Piece]:
    """Yield the ids themselves, for want of a tokenizer."""
    for span in sequence.spans:
        space = " " if span.start else ""
        if space:
            yield Piece(space)
        numbers = sequence.ids[span.start : span.stop].tolist()
        yield Piece(" ".join(map(str, numbers)), trained=span.trained)


def _alike(
    sequence: TokenSequence, alone: NDArray[np.bool_], *, every: bool
) -> Iterator[tuple[int, int]]:
    """Yield half-open runs of tokens drawn alike; those ``alone`` bool[n] are runs of their own."""
    starts = alone.copy()
    starts[:1] = True
    starts[1:] |= alone[:-1] | every
    if sequence.trained is not None:
        starts[1:] |= sequence.trained[1:] != sequence.trained[:-1]
    yield from pairwise([*np.flatnonzero(starts).tolist(), len(sequence)])


def _column(name: str, value: Any, look: Look) -> Iterator[Segment]:
    label = drawn_text(name, look)
    yield Segment(f"{label}: ", HEADING if look.color else "")
    if _is_conversation(value):
        for message in value:
            yield Segment("\n")
            text = message["content"] if isinstance(message["content"], str) else None
            content = json_text(message["content"]) if text is None else text
            yield Segment(drawn_text(f"  {message['role']}: {_cut(content)}", look))
        return
    yield Segment(drawn_text(_cut(value if isinstance(value, str) else json_text(value)), look))


def _is_conversation(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and {"role", "content"} <= item.keys() for item in value)
    )


def _cut(text: str) -> str:
    if len(text) <= MAX_COLUMN:
        return text
    return f"{text[:MAX_COLUMN]} ... ({len(text):,} characters; --json prints all)"
