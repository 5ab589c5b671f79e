"""The reasons of a sample's tokens, and where it came from, as JSON (docs/schemas/why.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.report.plain_values import json_text

if TYPE_CHECKING:
    from inspect_tool.prompts.origin import WhySample


def why_texts(why: WhySample) -> list[list[str]]:
    """Return for each explained sequence the JSON of each token's reason."""
    place = why.origin.place if why.origin is not None else None
    if place is None:
        return []
    return [
        [json_text(explained.reason(token, place).to_json()) for token in range(len(explained))]
        for explained in why.explained
    ]


def origin_json(why: WhySample) -> dict[str, Any] | None:
    """Return where a sample came from, None where no raw row renders to it."""
    origin = why.origin
    if origin is None:
        return None
    return {
        "dataset": origin.entry,
        "row": origin.row,
        "part": origin.part,
        "how": origin.how,
        "file": origin.place.file,
        "line": origin.place.line,
        "twins": origin.twins,
        "rendered": why.rendered,
    }
