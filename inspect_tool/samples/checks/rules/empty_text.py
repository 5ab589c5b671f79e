"""L-EMPTY-TEXT: prompts or answers without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding

_LONGEST = 80
"""Characters of a text that may be special tokens alone."""

_COLUMNS = ("prompt", "chosen", "rejected", "completion", "text")


class EmptyText(Rule):
    """What is stored as text is tokenized by the trainer, empty or not."""

    code = "L-EMPTY-TEXT"
    title = "a prompt or an answer is empty"
    needs_tokens = False

    def applies(self, setting: Setting) -> bool:
        """Only kinds that are stored as text."""
        named = set(_COLUMNS) & set(setting.dataset.schema.names)
        return not setting.tokenized and bool(named)

    def look(self, rows: RowsLens, setting: Setting) -> Hits | None:
        """Notice rows with an empty column; the note is the column's number."""
        specials = _specials(setting)
        found = []
        for number, column in enumerate(_COLUMNS):
            if column in rows.view.columns:
                values = rows.view.values(column)
                empty = np.flatnonzero([_is_empty(value, specials) for value in values])
                hits = Hits.of_rows(empty + rows.view.first)
                found.append(Hits(hits.rows, hits.tokens, hits.notes + number, hits.sides))
        return Hits.joined(found) if any(map(len, found)) else None

    def conclude(self, parts: list[Hits], summary: Summary) -> Iterator[Finding]:
        """Report each column by itself."""
        hits = Hits.joined(parts)
        for number in np.unique(hits.notes).tolist():
            column = _COLUMNS[number]
            chosen = hits.only(hits.notes == number)
            yield summary.finding(
                self.code,
                "warning",
                f"{column} is empty",
                hits=chosen,
                key="datasets.type",
                fix=f"mend or drop the rows; if {column} lives in another field, map that field",
                evidence=f"row {chosen.rows[0]}, {column}: nothing but white space",
            )


def _specials(setting: Setting) -> frozenset[str]:
    """Return the texts of special tokens: a template writes them also around nothing."""
    if setting.markers is None:
        return frozenset()
    vocabulary = setting.markers.vocabulary
    special = np.flatnonzero(vocabulary.special).tolist()
    return frozenset(vocabulary.pieces[index] or "" for index in special)


def _is_empty(value: Any, specials: frozenset[str]) -> bool:
    """Tell whether a text, or a list of messages, holds no text at all."""
    if isinstance(value, str):
        if len(value) <= _LONGEST:
            for special in specials:
                value = value.replace(special, "")
        return not value.strip()
    if isinstance(value, list):
        return all(_is_empty(item, specials) for item in value)
    if isinstance(value, dict) and "content" in value:
        return not value.get("tool_calls") and _is_empty(value["content"], specials)
    return value is None
