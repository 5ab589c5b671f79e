"""One-line descriptions of what is open, as parts: pure functions from values to lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.runs.target import Status
from inspect_tool.samples.glyphs import safe, unknown_id
from inspect_tool.tui.document import NOT_RUN
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from inspect_tool.findings import Severity
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.document import Document

SEPARATOR: Final = Part("  ·  ", "dim")
SEVERITY_MARKS: Final[dict[Severity, Part]] = {
    "error": Part("✖", "bad"),
    "warning": Part("▲", "warn"),
    "info": Part("●", "accent"),
}
_STATUS_TONES: Final = {
    Status.ASSUMED: ("assumed", "warn"),
    Status.CONFIRMED: ("confirmed", "good"),
    Status.STALE: ("may be stale", "bad"),
    Status.UNPREPARED: ("not prepared", "warn"),
    Status.UNKNOWN: ("unknown", "warn"),
}
BRIEF: Final = 40
"""Characters of a column's value in the line below a sample."""
KIND_NAMES: Final = {
    "sft": "SFT",
    "packed": "SFT, packed",
    "reward": "reward",
    "preference": "preference",
    "kto": "KTO",
    "prompts": "prompts",
    "text": "text",
    "plain": "columns",
}


def joined(parts: list[Part]) -> Line:
    """Return parts with a separator between them."""
    return tuple(
        piece
        for index, part in enumerate(parts)
        for piece in ([SEPARATOR, part] if index else [part])
    )


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 token``, ``2,000 tokens``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share(part: int, whole: int) -> str:
    """Return a share in percent that is 0 or 100 only when it is exactly that."""
    if not whole or part in {0, whole}:
        return "100%" if whole and part == whole else "0%"
    percent = 100 * part / whole
    if percent < 1:
        return "<1%"
    return ">99%" if percent > 99 else f"{percent:.0f}%"


def sample_line(document: Document, place: int | None, sample: Sample | None, row: int) -> Line:
    """Return the line above a sample: row, split, length, trained share."""
    order = document.order
    if not order.total:
        return (Part("no rows", "strong"),)
    parts = [Part(f"row {row:,} of {order.total:,}", "strong")]
    if len(order) != order.total or order.rows is not None:
        at = "not in the list" if place is None else f"{place + 1:,} of {len(order):,} listed"
        parts.append(Part(at, "accent"))
    if sample is None:
        return joined(parts)
    if sample.split:
        parts.append(Part(safe(sample.split)))
    if len(sample.sequences) == 1:
        (sequence,) = sample.sequences
        parts.append(Part(length_of(sequence)))
        if sequence.trained is not None:
            parts.append(trained_part(sequence))
    return joined(parts)


def length_of(sequence: TokenSequence) -> str:
    """Return the length of a sequence in tokens, or in characters where text is stored."""
    if sequence.stored_text is not None and not len(sequence):
        return plural(len(sequence.stored_text), "character")
    return plural(len(sequence), "token")


def trained_part(sequence: TokenSequence) -> Part:
    """Return the trained share of a sequence, in the tone that it deserves."""
    count = sequence.trained_count
    if not count:
        return Part("nothing trained", "bad")
    return Part(f"{share(count, len(sequence))} trained ({count:,})", "good")


def problem_parts(document: Document, row: int, *, codes: bool = True) -> Line:
    """Return the findings that name this row, by their marks and codes or their marks alone."""
    table = document.table
    if table is None or table.severity is None or row >= len(table) or not table.severity[row]:
        return ()
    parts: list[Part] = []
    for finding in document.findings:
        if row in table.problems.get(finding.code, ()):
            mark = SEVERITY_MARKS[finding.severity]
            text = f"{mark.text} {finding.code} " if codes else f"{mark.text} "
            parts.append(Part(text, mark.tone, "app.show_panel('problems')"))
    return tuple(parts)


def status_left(document: Document | None) -> Line:
    """Return the status bar's left side: kind, config and how sure it is, tokenizer."""
    if document is None or document.target is None:
        return (Part("no dataset open", "dim"),)
    parts = []
    if document.opened is not None:
        name = document.opened.dataset.kind.name
        parts.append(Part(KIND_NAMES.get(name, name), "strong"))
    parts.append(config_part(document))
    if document.opened is not None and document.opened.dataset.kind.name != "plain":
        parts.append(tokenizer_part(document))
    return joined(parts)


def config_part(document: Document) -> Part:
    """Return the config's name and whether it is the right one."""
    target = document.target
    assert target is not None
    if target.config is None:
        return Part("no config (c)", "warn", "app.choose_config")
    name = safe(target.config.path.name)
    word, tone = _STATUS_TONES.get(target.status, ("", ""))
    if document.confirming and target.status is Status.ASSUMED:
        word = "assumed, asking axolotl"
    if document.stale:
        assert document.staleness is not None
        reasons = document.staleness.reasons
        word, tone = "stale" + (f": {safe(reasons[0])}" if reasons else ""), "warn"
    others = len(target.candidates) - 1
    if others > 0 and target.status in {Status.ASSUMED, Status.UNKNOWN}:
        word += f", {plural(others, 'other')} possible"
    return Part(f"{name} ({word})" if word else name, tone, "app.choose_config")


def tokenizer_part(document: Document) -> Part:
    """Return the tokenizer's name, or that there is none and which key names one."""
    assert document.opened is not None
    vocabulary = document.opened.vocabulary
    if vocabulary is None:
        return Part("no tokenizer (ctrl+t)", "bad", "app.tokenizer")
    reference = document.opened.target.tokenizer
    name = reference.name if reference is not None else vocabulary.name
    return Part(safe(name.rstrip("/").rsplit("/", 1)[-1]), "", "app.tokenizer")


def finding_counts(document: Document | None) -> Line:
    """Return how many findings there are of each severity."""
    counts: dict[Severity, int] = {}
    for finding in document.known_findings if document else ():
        if finding.code != NOT_RUN:
            counts[finding.severity] = counts.get(finding.severity, 0) + 1
    return tuple(
        Part(f"{mark.text} {counts[severity]} ", mark.tone, "app.show_panel('problems')")
        for severity, mark in SEVERITY_MARKS.items()
        if severity in counts
    )


def columns_line(sample: Sample) -> Line:
    """Return the plain columns of a sample in one line, each cut to what tells it apart."""
    parts = [Part(f"{safe(name)} {_brief(value)}") for name, value in sample.columns.items()]
    return joined(parts)


def _brief(value: object) -> str:
    text = safe(str(value)[:BRIEF])
    return f"{text}…" if len(str(value)) > BRIEF else text


def token_line(sequence: TokenSequence, index: int, vocabulary: Vocabulary | None) -> Line:
    """Return the token under the cursor in one line, for when the inspector has no room."""
    if not 0 <= index < len(sequence):
        return ()
    token_id = int(sequence.ids[index])
    piece = vocabulary.piece(token_id) if vocabulary else None
    text = safe(piece, space="·") if piece is not None else unknown_id(token_id)
    parts = [Part(f"token {index:,} of {len(sequence):,}"), Part(text, "strong")]
    parts.append(Part(f"id {token_id}"))
    if sequence.trained is not None and sequence.labels is not None:
        if sequence.trained[index]:
            label = int(sequence.labels[index])
            odd = f", its label is {label}" if label != token_id else ""
            parts.append(Part(f"trained{odd}", "good"))
        else:
            parts.append(Part(f"masked ({int(sequence.labels[index])})", "dim"))
        parts.append(
            Part(f"span {sequence.span_at(index) + 1} of {len(sequence.span_starts)}", "dim")
        )
    return joined(parts)
