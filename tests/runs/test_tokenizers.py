"""Tokenizers as axolotl uses them, kept so that a second opening needs no worker."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.errors import InspectError
from inspect_tool.runs.target import resolve
from inspect_tool.runs.tokenizers import known_tokenizer, load_tokenizer
from inspect_tool.samples.vocabulary import Vocabulary
from tests.texts import STRINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.runs.target import Target

DATA = Path(str(files("mistral_common"))) / "data"
SENTENCEPIECE = "tokenizer.model.v1"
TEKKEN = "tekken_240911.json"
TOKENS = ("seed: 42", 'seed: 42\ntokens: ["[INST]", " [/INST]"]')


def tokenizer_of(target: Target, worker: AxolotlWorker) -> Path:
    """Load a target's tokenizer through the worker, or from where it is kept."""
    assert target.tokenizer is not None
    return load_tokenizer(target.tokenizer, target.config, cwd=target.cwd, worker=worker)


def test_plain_files_need_no_worker(
    project: Callable[..., Path], chatml_dir: Path, tmp_path: Path
) -> None:
    """A config that changes nothing is served by the tokenizer's own folder."""
    target = resolve(project("chat-chatml"))
    with AxolotlWorker(log=tmp_path / "log") as idle:
        assert tokenizer_of(target, idle) == chatml_dir
        assert idle.pid is None


@pytest.mark.slow
def test_added_tokens_have_their_ids(project: Callable[..., Path], worker: AxolotlWorker) -> None:
    """`tokens:` come after the vocabulary, as axolotl adds them."""
    vocabulary = Vocabulary.load(tokenizer_of(resolve(project("alpaca", TOKENS)), worker))

    assert [vocabulary.piece(number) for number in (31999, 32000, 32001)] == [
        "梦",
        "[INST]",
        " [/INST]",
    ]


@pytest.mark.slow
def test_roles_are_axolotls(project: Callable[..., Path], worker: AxolotlWorker) -> None:
    """Special tokens set by the config, and axolotl's choice of a pad token, are known."""
    config = project("alpaca", ("seed: 42", 'seed: 42\nspecial_tokens: {unk_token: "<unk>"}'))

    roles = Vocabulary.load(tokenizer_of(resolve(config), worker)).roles

    assert (roles["bos"], roles["eos"], roles["pad"], roles["unk"]) == (1, 2, 2, 0)


@pytest.mark.slow
def test_a_second_opening_needs_no_worker(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """What the worker made is found again without one."""
    config = project("alpaca", TOKENS)
    made = tokenizer_of(resolve(config), worker)

    with AxolotlWorker(log=tmp_path / "log") as idle:
        assert tokenizer_of(resolve(config), idle) == made
        assert idle.pid is None


@pytest.mark.slow
def test_another_config_gets_its_own(project: Callable[..., Path], worker: AxolotlWorker) -> None:
    """Kept tokenizers are told apart by the keys that made them."""
    config = project("alpaca", TOKENS)
    tokenizer_of(resolve(config), worker)
    config.write_text(config.read_text().replace("[/INST]", "[/OTHER]"))
    target = resolve(config)

    assert target.tokenizer is not None
    assert known_tokenizer(target.tokenizer, target.config) is None


@pytest.mark.slow
def test_a_changed_file_is_noticed(
    project: Callable[..., Path], worker: AxolotlWorker, chatml_dir: Path, tmp_path: Path
) -> None:
    """A tokenizer whose files were written again is loaded again."""
    shutil.copytree(chatml_dir, tmp_path / "own")
    config = project("chat-chatml", ("fixtures/built/chatml-bpe", "own"), TOKENS)
    tokenizer_of(resolve(config), worker)
    file = tmp_path / "own" / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()), indent=1))
    target = resolve(config)

    assert target.tokenizer is not None
    assert known_tokenizer(target.tokenizer, target.config) is None


@pytest.mark.slow
def test_the_base_model_need_not_be_here(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """With tokenizer_config a gated base model does not keep the tokenizer from being shown."""
    config = project(
        "alpaca", ("base_model: ", "base_model: org/gated\ntokenizer_config: "), TOKENS
    )

    assert len(Vocabulary.load(tokenizer_of(resolve(config), worker))) == 32002


@pytest.fixture(scope="module")
def converted(
    worker: AxolotlWorker, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Vocabulary]:
    """Convert one of mistral_common's vocabularies, saved under a name that transformers knows."""
    kept: dict[str, Vocabulary] = {}

    def convert(source: str, name: str) -> Vocabulary:
        if source not in kept:
            folder = tmp_path_factory.mktemp("tokenizer")
            (folder / name).write_bytes((DATA / source).read_bytes())
            (folder / "config.json").write_text('{"model_type": "mistral"}')
            target = resolve(folder, tokenizer=str(folder))
            kept[source] = Vocabulary.load(tokenizer_of(target, worker))
        return kept[source]

    return convert


@pytest.mark.slow
@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
def test_sentencepiece_models_decode_as_they_did(
    converted: Callable[[str, str], Vocabulary], mistral_dir: Path, text: str
) -> None:
    """A folder with a tokenizer.model alone is converted; its ids decode to the same text.

    From a bare model file transformers builds a decoder that keeps the first space.
    """
    import sentencepiece

    model = (DATA / SENTENCEPIECE).read_bytes()
    ids = np.array(sentencepiece.SentencePieceProcessor(model_proto=model).encode(text), int)

    vocabulary = converted(SENTENCEPIECE, "tokenizer.model")

    space = " " if text else ""
    assert vocabulary.decode(ids) == space + Vocabulary.load(mistral_dir).decode(ids)


@pytest.mark.slow
@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
def test_tekken_decodes_as_it_did(converted: Callable[[str, str], Vocabulary], text: str) -> None:
    """Mistral's tekken.json, which has no tokenizers form, is given one that decodes the same."""
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer

    ids = np.array(Tekkenizer.from_file(str(DATA / TEKKEN)).encode(text, bos=True, eos=True), int)

    vocabulary = converted(TEKKEN, "tekken.json")

    assert vocabulary.decode(ids) == f"<s>{text}</s>"
    assert vocabulary.specials(ids).tolist() == [True] + [False] * (len(ids) - 2) + [True]


def test_a_missing_tokenizer_says_what_to_do(tmp_path: Path) -> None:
    """Offline, a name that is not in the cache is an error that names the flag."""
    target = resolve(tmp_path, tokenizer="org/absent")

    with AxolotlWorker(log=tmp_path / "log") as idle:
        with pytest.raises(InspectError, match="--tokenizer"):
            tokenizer_of(target, idle)
        assert idle.pid is None
