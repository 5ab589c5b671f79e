"""A sequence as the page draws it: runs that tell the truth, and sizes that find each token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from inspect_tool.report.html_pieces import Pieces, shown
from inspect_tool.report.html_tokens import (
    CHUNK_TOKENS,
    TokensView,
    text_view,
    tokens_view,
)
from inspect_tool.samples.sample import MARKED_LABELS, TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary
from tests.texts import STRINGS

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture(scope="module")
def vocabulary(chatml_dir: Path) -> Vocabulary:
    """A byte-level vocabulary: characters may be split over tokens."""
    return Vocabulary.load(chatml_dir)


def _ids(vocabulary: Vocabulary, text: str) -> list[int]:
    tokenizer = Tokenizer.from_file(str(Path(vocabulary.name) / "tokenizer.json"))
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def _view(
    ids: Sequence[int],
    vocabulary: Vocabulary | None,
    *,
    labels: Sequence[int] | None = None,
    **others: Any,
) -> TokensView:
    sequence = TokenSequence(
        "input_ids",
        np.array(ids, dtype=np.int32),
        labels=None if labels is None else np.array(labels, dtype=np.int64),
        **others,
    )
    return tokens_view(sequence, vocabulary, Pieces(vocabulary))


def _text(view: TokensView) -> str:
    return "".join(leaf.text for chunk in view.chunks for run in chunk.runs for leaf in run.leaves)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _sizes(view: TokensView) -> list[int]:
    return [int(size) for size in view.sizes.split()]


@pytest.mark.parametrize("name", STRINGS)
def test_text_is_the_decoded_text(name: str, vocabulary: Vocabulary) -> None:
    """The leaves of a sequence, joined, are its text as it is safe to show."""
    ids = _ids(vocabulary, STRINGS[name])

    view = _view(ids, vocabulary)

    assert _text(view) == shown(vocabulary.decode(np.array(ids, dtype=np.int64)))


@settings(deadline=None)
@given(data=st.data())
def test_sizes_count_what_is_shown(data: st.DataObject, vocabulary: Vocabulary) -> None:
    """Whatever the tokens and labels, sizes add up to the UTF-16 units of the text shown."""
    ids = data.draw(st.lists(st.integers(-2, len(vocabulary) + 2), max_size=60))
    trained = data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    labels = [token if flag else -100 for token, flag in zip(ids, trained, strict=True)]

    view = _view(ids, vocabulary, labels=labels)

    assert len(_sizes(view)) == len(ids)
    assert sum(_sizes(view)) == _units(_text(view))


@settings(deadline=None)
@given(flags=st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_follow_the_labels(flags: list[bool], vocabulary: Vocabulary) -> None:
    """Runs begin exactly where trained and masked tokens change."""
    ids = list(range(100, 100 + len(flags)))
    labels = [token if flag else -100 for token, flag in zip(ids, flags, strict=True)]

    view = _view(ids, vocabulary, labels=labels)

    runs = [run for chunk in view.chunks for run in chunk.runs]
    bounds = [run.first for run in runs] + [len(flags)]
    drawn = [
        run.trained
        for run, stop in zip(runs, bounds[1:], strict=True)
        for _ in range(run.first, stop)
    ]
    assert drawn == flags


def test_every_token_has_its_own_text(vocabulary: Vocabulary) -> None:
    """Sizes cut the text into what each token shows."""
    ids = _ids(vocabulary, "two words")

    view = _view(ids, vocabulary)

    ends = np.cumsum(_sizes(view)).tolist()
    cut = [_text(view)[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
    assert cut == vocabulary.texts(np.array(ids))


def test_a_special_token_stands_alone(vocabulary: Vocabulary) -> None:
    """Special tokens have a leaf of their own inside a run."""
    view = _view(_ids(vocabulary, "a<|im_end|>b"), vocabulary)

    (run,) = view.chunks[0].runs
    assert [(leaf.text, leaf.special) for leaf in run.leaves] == [
        ("a", False),
        ("<|im_end|>", True),
        ("b", False),
    ]


def test_padding_shares_one_leaf(vocabulary: Vocabulary) -> None:
    """The same special token many times over is one element."""
    view = _view(_ids(vocabulary, "<|im_end|>") * 50, vocabulary)

    assert len(view.chunks[0].runs[0].leaves) == 1


def test_a_trained_line_break_is_marked(vocabulary: Vocabulary) -> None:
    """A trained run of nothing but a line break has a leaf that shows it."""
    ids = _ids(vocabulary, "a\nb")

    view = _view(ids, vocabulary, labels=[-100, ids[1], -100])

    assert [leaf.blank for run in view.chunks[0].runs for leaf in run.leaves] == [
        False,
        True,
        False,
    ]


def test_line_breaks_inside_trained_text_are_not_marked(vocabulary: Vocabulary) -> None:
    """A line break between trained words needs no mark."""
    ids = _ids(vocabulary, "a\nb")

    view = _view(ids, vocabulary, labels=ids)

    assert not any(leaf.blank for run in view.chunks[0].runs for leaf in run.leaves)


def test_chunks_end_at_line_breaks(vocabulary: Vocabulary) -> None:
    """A long sequence is cut between lines only."""
    ids = _ids(vocabulary, "one line of text\n" * CHUNK_TOKENS)

    view = _view(ids, vocabulary)

    assert len(view.chunks) > 1
    assert all(chunk.runs[-1].leaves[-1].text.endswith("\n") for chunk in view.chunks)


def test_a_run_that_goes_on_is_announced_once(vocabulary: Vocabulary) -> None:
    """Only the first part of a run that fills several chunks says that it begins."""
    ids = _ids(vocabulary, "one line of text\n" * CHUNK_TOKENS)

    view = _view(ids, vocabulary, labels=ids)

    begins = [run.begins for chunk in view.chunks for run in chunk.runs]
    assert begins == [True] + [False] * (len(begins) - 1)


def test_one_endless_line_is_one_chunk(vocabulary: Vocabulary) -> None:
    """Text without a line break gets none from the page."""
    view = _view([100] * (3 * CHUNK_TOKENS), vocabulary)

    assert len(view.chunks) == 1


def test_labels_unlike_the_token_are_told(vocabulary: Vocabulary) -> None:
    """A label that is neither -100 nor the token itself is carried along."""
    assert _view([5, 6, 7], vocabulary, labels=[-100, 6, 1]).labels == "2:1"


def test_a_class_stands_beside_its_token(vocabulary: Vocabulary) -> None:
    """A trained token whose label is another id, or a class, has a leaf that says so."""
    ids = _ids(vocabulary, "a\nb")

    view = _view(ids, vocabulary, labels=[-100, 1, ids[2]])

    leaves = [leaf for run in view.chunks[0].runs for leaf in run.leaves]
    assert [(leaf.text, leaf.label) for leaf in leaves] == [("a", None), ("\n", 1), ("b", None)]


def test_labels_all_unlike_their_tokens_stay_quiet(vocabulary: Vocabulary) -> None:
    """Where every label is wrong no token gets an element of its own for it."""
    ids = [100] * (MARKED_LABELS + 1)

    view = _view(ids, vocabulary, labels=[101] * len(ids))

    assert len(view.chunks[0].runs[0].leaves) == 1


def test_tokens_without_attention_are_told(vocabulary: Vocabulary) -> None:
    """Ranges of tokens that attention leaves out are carried along."""
    attention = np.array([1, 0, 0, 1, 0], dtype=np.int8)

    assert _view([5] * 5, vocabulary, attention=attention).unattended == "1-2 4-4"


def test_positions_that_start_again_are_told(vocabulary: Vocabulary) -> None:
    """Positions are carried along only where they do not simply go on."""
    positions = np.array([0, 1, 2, 0, 1], dtype=np.int64)

    assert _view([5] * 5, vocabulary, positions=positions).positions == "0:0 3:0"


def test_ordinary_positions_are_left_out(vocabulary: Vocabulary) -> None:
    """Positions that are the token's own index say nothing new."""
    assert _view([5] * 3, vocabulary, positions=np.arange(3)).positions == ""


def test_without_a_tokenizer_ids_are_shown() -> None:
    """Ids stand for themselves, in runs as ever."""
    view = _view([11, 22, 33], None, labels=[-100, 22, 33])

    assert [_text(TokensView((chunk,))) for chunk in view.chunks] == ["11 22 33 "]
    assert [run.trained for run in view.chunks[0].runs] == [False, True]


def test_an_empty_sequence_shows_nothing(vocabulary: Vocabulary) -> None:
    """A row without tokens is no error."""
    assert _view([], vocabulary, labels=[]).chunks == ()


def test_stored_text_is_shown_whole() -> None:
    """Long text is cut between lines and nothing of it is lost."""
    text = "line\n" * 4000 + "the end"

    view = text_view(text)

    assert _text(view) == text
    assert len(view.chunks) > 1
