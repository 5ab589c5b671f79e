"""Reading a tokenizer.json without its merges, wherever they stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

TRICKY = ['"merges": [', "]}}", '"merges"', "\\", "]\n}\n}\n"]
"""Pieces that look like the borders of the merges."""


@pytest.fixture
def spec(chatml_dir: Path) -> dict[str, Any]:
    """A byte-level BPE with some tricky pieces, merges last."""
    spec: dict[str, Any] = json.loads((chatml_dir / "tokenizer.json").read_text("utf-8"))
    model = spec["model"]
    model["vocab"] |= {piece: 100_000 + i for i, piece in enumerate(TRICKY)}
    model["merges"] = [*model.pop("merges"), *([piece, "]"] for piece in TRICKY)]
    return spec


def pieces(spec: dict[str, Any], **layout: Any) -> list[str | None]:
    """The pieces read from ``spec`` as it is written with a certain layout."""
    return Vocabulary.from_json(json.dumps(spec, **layout), name="tricky").pieces


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"separators": (",", ":")}])
def test_every_piece_is_read(spec: dict[str, Any], layout: dict[str, Any]) -> None:
    """Pieces that look like the merges' borders are read like any other."""
    found = pieces(spec, **layout)

    assert {piece: found[index] for piece, index in spec["model"]["vocab"].items()} == {
        piece: piece for piece in spec["model"]["vocab"]
    }


def test_merges_before_the_vocabulary_are_no_matter(spec: dict[str, Any]) -> None:
    """The order of a model's entries changes nothing."""
    vocab = spec["model"].pop("vocab")
    turned = {**spec, "model": {**spec["model"], "vocab": vocab}}

    assert pieces(turned) == pieces({**spec, "model": {"vocab": vocab, **spec["model"]}})


def test_what_follows_the_model_is_read(spec: dict[str, Any]) -> None:
    """Added tokens are found when they stand after the model, too."""
    added = spec.pop("added_tokens")
    found = pieces({**spec, "added_tokens": added})

    assert [found[token["id"]] for token in added] == [token["content"] for token in added]
