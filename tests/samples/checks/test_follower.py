"""Reading on from many places at once gives what reading each text alone gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from inspect_tool.samples.checks.conversation import Role
from inspect_tool.samples.checks.lens import Lens
from inspect_tool.samples.checks.markers import Markers
from inspect_tool.samples.checks.split_texts import known_texts
from inspect_tool.samples.views import SequenceView
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path


def lens_of(folder: Path, *texts: str, tokens: tuple[str, ...] = ()) -> Lens:
    """Return one row for each text, tokenized without special tokens of its own."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    view = SequenceView(
        number=0,
        first=0,
        ids=np.array([token for row in rows for token in row], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, rows)]),
    )
    return Lens(view, Markers.of(Vocabulary.load(folder), tokens=tokens))


def spelled_out(lens: Lens) -> list[str]:
    """Return the markers found spelled out, one for each place."""
    split = lens.markers.split_texts
    _, numbers = split.find(lens)
    return [split.texts[number] for number in numbers.tolist()]


@pytest.mark.parametrize(
    ("text", "markers"),
    [
        ("<|im_start|>user\nHi<|im_end|>", ["<|im_start|>", "<|im_end|>"]),
        ("say '<|eot_id|>' twice: <|eot_id|>", ["<|eot_id|>", "<|eot_id|>"]),
        ("<|im_start", []),
        ("a <|> b, F# pipes <| and |>, <div>, x<y", []),
        ("<<<|im_end|>>>", ["<|im_end|>"]),
        ("<|im_<|im_end|>", ["<|im_end|>"]),
        ("<start_of_turn>model", ["<start_of_turn>"]),
        ("</s>", []),
    ],
)
def test_markers_spelled_out(text: str, markers: list[str], mistral_dir: Path) -> None:
    """Whole markers are found however their pieces merge with the text around them."""
    assert spelled_out(lens_of(mistral_dir, f"before {text} after")) == markers


def test_a_marker_does_not_reach_into_the_next_row(mistral_dir: Path) -> None:
    """A row that ends in the middle of a marker does not borrow from its neighbour."""
    assert spelled_out(lens_of(mistral_dir, "a <|im_", "end|> b")) == []


def test_tokens_that_should_be(mistral_dir: Path) -> None:
    """Texts that the config makes tokens are looked for as well."""
    lens = lens_of(mistral_dir, "[INST] Why? [/INST] So.", tokens=("[INST]", " [/INST]"))

    split = lens.markers.split_texts
    places, numbers = split.find(lens)
    assert known_texts(split, numbers) == ["[/INST]", "[INST]"]
    assert numbers.max() < split.own
    assert len(places) == 2


@pytest.mark.parametrize(
    ("folder", "text", "roles"),
    [
        (
            "chatml",
            "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\ny",
            [Role.USER, Role.ASSISTANT],
        ),
        ("chatml", "<|im_start|>tool\n<|im_start|>wizard\n", [Role.TOOL, Role.OTHER]),
        ("chatml", "<|im_start|><|im_start|>users\n", [Role.OTHER, Role.OTHER]),
        ("chatml", "<|im_start|>assist", [Role.OTHER]),
        ("llama3", "<|start_header_id|>system<|end_header_id|>\n\nx", [Role.SYSTEM]),
        ("llama3", "<|start_header_id|>ipython<|end_header_id|>\n\n", [Role.TOOL]),
    ],
)
def test_roles(folder: str, text: str, roles: list[Role], request: pytest.FixtureRequest) -> None:
    """Roles are read up to their header's end; what is no known role is OTHER."""
    lens = lens_of(request.getfixturevalue(f"{folder}_dir"), text)

    assert lens.conversation.role.tolist() == roles


def test_turns_stay_in_their_row(chatml_dir: Path) -> None:
    """A turn ends where its row ends, and content begins behind the header."""
    text = "<|im_start|>user\nOne<|im_end|>\n<|im_start|>assistant\n"
    lens = lens_of(chatml_dir, text, text)
    talk, offsets = lens.conversation, lens.sequence.offsets.tolist()

    assert talk.row.tolist() == [0, 0, 1, 1]
    assert talk.stop.tolist()[1::2] == offsets[1:]
    assert talk.ended.tolist() == [True, False, True, False]
    assert talk.blank.tolist() == [False, True, False, True]
    assert talk.content[1] == talk.stop[1]
