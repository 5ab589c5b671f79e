"""L-EMPTY-TEXT: prompts or answers without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding

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
        found = []
        for number, column in enumerate(_COLUMNS):
            if column in rows.view.columns:
                empty = np.flatnonzero([_is_empty(v) for v in rows.view.values(column)])
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


def _is_empty(value: Any) -> bool:
    """Tell whether a text, or a list of messages, holds no text at all."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list):
        return all(_is_empty(item) for item in value)
    if isinstance(value, dict):
        inner = value.get("content", value)
        tools = value.get("tool_calls")
        return not tools and (inner is None or (inner is not value and _is_empty(inner)))
    return value is None
