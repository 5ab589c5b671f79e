"""Which tokens end, open and separate text, in the tokenizers of the fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.samples.checks.markers import SPACES, Markers
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("mistral", "chatml", "llama3")


@pytest.fixture(params=FOLDERS)
def markers(request: pytest.FixtureRequest) -> Markers:
    """The markers of each tokenizer."""
    folder: Path = request.getfixturevalue(f"{request.param}_dir")
    return Markers.of(Vocabulary.load(folder))


def names(markers: Markers, ids: frozenset[int] | dict[int, str]) -> set[str]:
    """Return the pieces of some ids."""
    return {markers.vocabulary.pieces[index] or "" for index in ids}


@pytest.mark.parametrize(
    ("folder", "stops", "openers"),
    [
        ("mistral", {"</s>"}, set()),
        ("chatml", {"<|im_end|>", "<|endoftext|>"}, {"<|im_start|>"}),
        ("llama3", {"<|eot_id|>", "<|end_of_text|>"}, {"<|start_header_id|>"}),
    ],
)
def test_stops_and_openers(
    folder: str, stops: set[str], openers: set[str], request: pytest.FixtureRequest
) -> None:
    """The EOS and known end tokens stop; tokens of known templates open a turn."""
    markers = Markers.of(Vocabulary.load(request.getfixturevalue(f"{folder}_dir")))

    assert names(markers, markers.stops) == stops
    assert names(markers, markers.openers) == openers


def test_named_end_tokens_stop_too(chatml_dir: Path) -> None:
    """What eot_tokens names ends a turn."""
    markers = Markers.of(Vocabulary.load(chatml_dir), eot_tokens=["</tool_call>"])

    assert "</tool_call>" in names(markers, markers.stops)


def test_white_space_of_every_token(markers: Markers) -> None:
    """White space at the edges of a token is what its decoded text has there."""
    vocabulary = markers.vocabulary
    ids = np.arange(len(vocabulary))
    whole = [index for index in ids.tolist() if not vocabulary.partials(ids[index : index + 1])[0]]
    texts = {index: vocabulary.bytes_of(index).decode() for index in whole}

    only, last = markers.is_space(ids), markers.ends_with_space(ids)

    blank = [index for index in whole if texts[index] and not texts[index].strip(SPACES)]
    assert blank == [index for index in whole if only[index]]
    trailing = [index for index in whole if texts[index] != texts[index].rstrip(SPACES)]
    assert trailing == [index for index in whole if last[index]]


def test_more_than_a_space_at_the_start(mistral_dir: Path) -> None:
    """One space before a word is how words begin; a newline, a tab or a second space is more."""
    markers = Markers.of(Vocabulary.load(mistral_dir))
    pieces = {piece: index for index, piece in enumerate(markers.vocabulary.pieces)}

    def starts(first: str, second: str | None = None) -> bool:
        following = -1 if second is None else pieces[second]
        flags = markers.starts_with_space(np.array([pieces[first]]), np.array([following]))
        return bool(flags[0])

    assert not starts("▁the")
    assert not starts("▁", "a")
    assert starts("▁", "▁the")
    assert starts("▁", "<0x0A>")
    assert starts("▁▁")
    assert starts("<0x09>")


def test_ids_from_nowhere_are_no_markers(markers: Markers) -> None:
    """Ids past the vocabulary or below 0 have no meaning."""
    strange = np.array([-1, -100, len(markers.vocabulary), 2**31 - 1])

    for flags in (markers.is_stop, markers.is_opener, markers.is_marker):
        assert not markers.holds(flags, strange).any()
    assert not markers.is_space(strange).any()
