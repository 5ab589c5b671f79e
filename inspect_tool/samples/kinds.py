"""Which columns make a sample: what each kind of prepared dataset stores and how it is read.

Kinds are told by columns and Arrow types alone (nothing in a prepared folder names its kind);
docs/kinds.md holds the same table for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KindName = Literal["sft", "packed", "reward", "preference", "kto", "prompts", "text", "plain"]


_TEXT_KINDS: tuple[tuple[KindName, str, set[str], tuple[str, ...]], ...] = (
    (
        "preference",
        "preference pairs, stored as text",
        {"chosen", "rejected"},
        ("prompt", "chosen", "rejected"),
    ),
    (
        "kto",
        "KTO: completions judged good or bad, stored as text",
        {"prompt", "completion", "label"},
        ("prompt", "completion"),
    ),
    ("prompts", "prompts to sample from, stored as text", {"prompt"}, ("prompt",)),
    ("text", "text, not tokenised", {"text"}, ("text",)),
)
"""Kinds stored as text: name, title, the columns that tell them, the columns shown as text."""


_INTEGER_LISTS = ("input_ids", "labels", "position_ids", "chosen_ids", "rejected_ids")
"""Columns that are lists of integers in whatever axolotl writes."""


@dataclass(frozen=True, slots=True)
class SequenceColumns:
    """The columns of one token sequence of a sample; ``text`` instead of ``ids`` if untokenised."""

    name: str
    ids: str | None = None
    labels: str | None = None
    attention: str | None = None
    positions: str | None = None
    text: str | None = None

    def names(self) -> list[str]:
        """Return the columns that this sequence takes."""
        columns = (self.ids, self.labels, self.attention, self.positions, self.text)
        return [column for column in columns if column]


@dataclass(frozen=True, slots=True)
class Kind:
    """How the rows of one dataset become samples.

    ``plain`` are the columns shown as they are, beside the sequences.
    """

    name: KindName
    title: str
    sequences: tuple[SequenceColumns, ...]
    plain: tuple[str, ...]

    @property
    def tokenized(self) -> bool:
        """Whether rows hold token ids (rather than text that the trainer will tokenise)."""
        return any(columns.ids for columns in self.sequences)


def kind_of(schema: pa.Schema) -> Kind:
    """Tell the kind of a dataset from its Arrow schema."""
    lists = {field.name for field in schema if _is_integer_list(field.type)}
    texts = {field.name for field in schema if is_text(field.type)}
    if "input_ids" in lists:
        return _supervised(schema, lists)
    if {"chosen_ids", "rejected_ids"} <= lists:
        pair = tuple(_reward_side(side, lists) for side in ("chosen", "rejected"))
        return _kind("reward", "reward model: chosen and rejected, tokenised", pair, schema)
    for name, title, needed, shown in _TEXT_KINDS:
        if needed <= texts | ({"label"} & set(schema.names)):
            return _kind(name, title, _texts([c for c in shown if c in texts]), schema)
    if "prompt" in schema.names:
        return _kind("prompts", "prompts to sample from, as messages", (), schema)
    return _kind("plain", "columns that are no training sample", (), schema)


def misfits(schema: pa.Schema) -> Iterator[str]:
    """Say which columns have a known name and a type that cannot be read under it."""
    for field in schema:
        if field.name in _INTEGER_LISTS and not _is_integer_list(field.type):
            yield f"column {field.name!r} holds {field.type}, not lists of integers; shown as it is"


def _supervised(schema: pa.Schema, lists: set[str]) -> Kind:
    masks = {field.name for field in schema if _is_list(field.type, of=pa.types.is_boolean)} | lists
    sequence = SequenceColumns(
        name="input_ids",
        ids="input_ids",
        labels="labels" if "labels" in lists else None,
        attention="attention_mask" if "attention_mask" in masks else None,
        positions="position_ids" if "position_ids" in lists else None,
    )
    if sequence.positions:
        return _kind("packed", "supervised, made for packing", (sequence,), schema)
    return _kind("sft", "supervised: tokens and labels", (sequence,), schema)


def _reward_side(side: str, lists: set[str]) -> SequenceColumns:
    attention = f"attention_mask_{side}"
    return SequenceColumns(
        name=side, ids=f"{side}_ids", attention=attention if attention in lists else None
    )


def _texts(columns: Iterable[str]) -> tuple[SequenceColumns, ...]:
    return tuple(SequenceColumns(name=column, text=column) for column in columns)


def _kind(
    name: KindName, title: str, sequences: tuple[SequenceColumns, ...], schema: pa.Schema
) -> Kind:
    taken = {column for sequence in sequences for column in sequence.names()}
    plain = tuple(column for column in schema.names if column not in taken)
    return Kind(name=name, title=title, sequences=sequences, plain=plain)


def _is_integer_list(kind: pa.DataType) -> bool:
    return _is_list(kind, of=pa.types.is_integer)


def _is_list(kind: pa.DataType, *, of: Callable[[pa.DataType], bool]) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and of(kind.value_type))


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
