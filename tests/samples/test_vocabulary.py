"""The texts of tokens joined are what the tokenizer's own library decodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer

from fixtures.places import DATA
from inspect_tool.samples.vocabulary import TokenizerMissingError, Vocabulary
from tests.texts import STRINGS

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("mistral", "chatml", "llama3")


class Pair:
    """One tokenizer read twice: by us and by the tokenizers library."""

    def __init__(self, folder: Path) -> None:
        self.vocabulary = Vocabulary.load(folder)
        self.library = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def ids(self, text: str, *, special: bool = True) -> list[int]:
        """Encode with the library."""
        return list(self.library.encode(text, add_special_tokens=special).ids)

    def joined(self, ids: list[int]) -> str:
        """Decode with ours."""
        return "".join(self.vocabulary.texts(np.array(ids, dtype=np.int32)))

    def decoded(self, ids: list[int]) -> str:
        """Decode with the library."""
        return str(self.library.decode(ids, skip_special_tokens=False))


@pytest.fixture(scope="module")
def pairs(mistral_dir: Path, chatml_dir: Path, llama3_dir: Path) -> dict[str, Pair]:
    """All three tokenizers."""
    folders = zip(NAMES, (mistral_dir, chatml_dir, llama3_dir), strict=True)
    return {name: Pair(folder) for name, folder in folders}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS.keys())
def test_texts_join_to_the_decoded_text(name: str, text: str, pairs: dict[str, Pair]) -> None:
    """Known difficult strings, with the special tokens that the tokenizer adds."""
    pair = pairs[name]
    ids = pair.ids(text)

    assert pair.joined(ids) == pair.decoded(ids)


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_real_rows(name: str, pairs: dict[str, Pair]) -> None:
    """Every line of the fixtures' data."""
    lines = [line for file in DATA.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    encoded = [pairs[name].ids(line) for line in lines]

    differing = [ids for ids in encoded if pairs[name].joined(ids) != pairs[name].decoded(ids)]

    assert len(lines) > 50
    assert differing == []


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(text=st.text(st.sampled_from(" \n\t▁Ġ<0x>é漢🎉") | st.characters(exclude_categories=["Cs"])))
def test_texts_of_any_string(name: str, pairs: dict[str, Pair], text: str) -> None:
    """Whatever text was encoded."""
    ids = pairs[name].ids(text)

    assert pairs[name].joined(ids) == pairs[name].decoded(ids)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(text=st.text(st.sampled_from("aé漢🎉क𓀀"), min_size=1), cut=st.integers(0, 80))
def test_texts_of_a_cut_string(name: str, pairs: dict[str, Pair], text: str, cut: int) -> None:
    """Also where a truncated sample ends or starts in the middle of a character."""
    ids = pairs[name].ids(text, special=False)
    start, stop = ids[cut % len(ids) :], ids[: cut % len(ids)]

    assert pairs[name].joined(start) == pairs[name].decoded(start)
    assert pairs[name].joined(stop) == pairs[name].decoded(stop)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_texts_of_any_ids(name: str, pairs: dict[str, Pair], data: st.DataObject) -> None:
    """Whatever ids a dataset holds, as long as the vocabulary has them."""
    some = st.integers(0, len(pairs[name].vocabulary) - 1) | st.integers(0, 270)
    ids = data.draw(st.lists(some, max_size=30))

    assert pairs[name].joined(ids) == pairs[name].decoded(ids)


@pytest.mark.parametrize("name", NAMES)
def test_one_text_per_token(name: str, pairs: dict[str, Pair]) -> None:
    """A character of several tokens belongs to the first of them, the others are empty."""
    ids = [token for token in pairs[name].ids("𓀀", special=False) if token]

    texts = pairs[name].vocabulary.texts(np.array(ids))

    assert len(texts) == len(ids)
    assert [text for text in texts if text.strip()] == ["𓀀"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("content", ["[INST]", " [/INST]", "▁<PRE>", "a b", "漢字", "Ġé"])
def test_added_tokens(name: str, normalized: bool, content: str, pairs: dict[str, Pair]) -> None:
    """Tokens that a config adds read as the library reads them."""
    library = Tokenizer.from_str(pairs[name].library.to_str())
    library.add_tokens([AddedToken(content, normalized=normalized)])
    vocabulary = Vocabulary.from_json(library.to_str(), name=name)
    ids = [*pairs[name].ids("a", special=False), len(vocabulary) - 1, 70, len(vocabulary) - 1]

    assert vocabulary.decode(np.array(ids)) == library.decode(ids, skip_special_tokens=False)


def test_without_a_decoder_pieces_are_spaced(pairs: dict[str, Pair]) -> None:
    """A tokenizer.json that declares no decoder joins pieces by spaces."""
    spec = json.loads(pairs["chatml"].library.to_str()) | {"decoder": None}
    library = Tokenizer.from_str(json.dumps(spec))
    vocabulary = Vocabulary.from_json(json.dumps(spec), name="bare")

    assert vocabulary.decode(np.array([40, 41, 42])) == library.decode([40, 41, 42])


def test_ids_beyond_the_vocabulary_have_no_text(pairs: dict[str, Pair]) -> None:
    """Negative ids and ids past the end are empty, and told by `known`."""
    ids = np.array([-1, 5, 10**9, 2**62, -(2**62)])
    vocabulary = pairs["mistral"].vocabulary

    assert [not text for text in vocabulary.texts(ids)] == [True, False, True, True, True]
    assert vocabulary.known(ids).tolist() == [False, True, False, False, False]
    assert vocabulary.specials(ids).tolist() == [False] * 5


def test_no_ids_no_texts(pairs: dict[str, Pair]) -> None:
    """An empty sequence decodes to nothing."""
    assert pairs["chatml"].vocabulary.texts(np.empty(0, dtype=np.int64)) == []


def test_continued_text_keeps_its_first_space(pairs: dict[str, Pair]) -> None:
    """Only the start of a text loses SentencePiece's space."""
    vocabulary = pairs["mistral"].vocabulary
    ids = np.array(pairs["mistral"].ids("word", special=False))

    assert "".join(vocabulary.texts(ids)) == "word"
    assert "".join(vocabulary.texts(ids, continued=True)) == " word"


def test_special_tokens_are_told(pairs: dict[str, Pair]) -> None:
    """Markers are special, words are not."""
    ids = np.array(pairs["chatml"].ids("<|im_start|>user", special=False))

    assert pairs["chatml"].vocabulary.specials(ids).tolist()[:2] == [True, False]


def test_roles_from_the_tokenizer_config(pairs: dict[str, Pair]) -> None:
    """Roles are the ids of the tokens that tokenizer_config.json names."""
    roles = pairs["mistral"].vocabulary.roles

    assert (roles["bos"], roles["eos"], roles["unk"]) == (1, 2, 0)


def test_no_tokenizer_there(tmp_path: Path) -> None:
    """A folder without tokenizer.json is named, with the flag that mends it."""
    with pytest.raises(TokenizerMissingError, match=r"--tokenizer") as raised:
        Vocabulary.load(tmp_path)

    assert raised.value.place == str(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "null",
        "\x00",
        "[" * 100_000,
        '{"model": {"vocab": 3}}',
        '{"model": {"vocab": {"a": "b"}}}',
        '{"model": {"vocab": {"a": -1}}}',
        '{"model": {"vocab": {"a": 1000000000000}}}',
        '{"model": {"vocab": [[["a"], 0]]}}',
        '{"model": {"vocab": {}}, "added_tokens": [{"id": 0, "content": 7}]}',
    ],
    ids=range(12),
)
def test_a_broken_tokenizer_is_named(content: str, tmp_path: Path) -> None:
    """Whatever lies in tokenizer.json, the error names that file."""
    file = tmp_path / "tokenizer.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(TokenizerMissingError) as raised:
        Vocabulary.load(tmp_path)

    assert raised.value.place == str(file)


def test_a_binary_tokenizer_is_named(tmp_path: Path) -> None:
    """Bytes that are no text are an error of the same kind."""
    (tmp_path / "tokenizer.json").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(TokenizerMissingError):
        Vocabulary.load(tmp_path)


def test_holes_in_the_vocabulary(tmp_path: Path) -> None:
    """Ids that no piece has are known by number, without a text."""
    spec: dict[str, object] = {
        "model": {"vocab": {"a": 0, "c": 2}},
        "added_tokens": [],
        "decoder": None,
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")
    vocabulary = Vocabulary.load(tmp_path)

    assert len(vocabulary) == 3
    assert vocabulary.piece(1) is None
    assert vocabulary.texts(np.array([0, 1, 2])) == ["a", "", " c"]
