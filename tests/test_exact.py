"""Axolotl is asked for its tokenizer when, and only when, it reads some token otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.__main__ import main
from inspect_tool.exact import needs_axolotl
from inspect_tool.opened import Opened, open_path
from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

CONFIGS = Path(__file__).resolve().parent / "configs"

WITHIN = supervised([answered([1, 22557, 456, 2], prompt=2), ([], [])])
BEYOND = supervised([answered([1, 22557, 32000, 2], prompt=2)])


@pytest.fixture
def opened(tmp_path: Path, mistral_dir: Path) -> Callable[..., Opened]:
    """Open a table with a config that has these keys besides its tokenizer."""

    def open_with(table: pa.Table, **keys: Any) -> Opened:
        folder = save(tmp_path / "prepared" / "rows", table)
        values = {
            "base_model": str(mistral_dir),
            "datasets": [{"path": "d.jsonl", "type": "alpaca"}],
            "dataset_prepared_path": str(folder.parent),
            **keys,
        }
        config = tmp_path / "config.yml"
        config.write_text(json.dumps(values), encoding="utf-8")
        return open_path(folder, config=config)

    return open_with


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"tokens": ["[INST]"]},
        {"special_tokens": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": None}},
        {"tokenizer_type": "LlamaTokenizer"},
    ],
    ids=str,
)
def test_not_when_it_changes_nothing(keys: dict[str, Any], opened: Callable[..., Opened]) -> None:
    """Keys that name what the files already have cost no wait."""
    assert not needs_axolotl(opened(WITHIN, **keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"special_tokens": {"pad_token": "<pad>"}},
        {"special_tokens": {"eos_token": "the"}},
        {"added_tokens_overrides": {"5": "<new>"}},
        {"tokenizer_use_mistral_common": True},
    ],
    ids=str,
)
def test_when_a_key_replaces_tokens(keys: dict[str, Any], opened: Callable[..., Opened]) -> None:
    """Keys after which a token reads otherwise, or is special where it was not."""
    assert needs_axolotl(opened(WITHIN, **keys))


def test_when_ids_lie_beyond_the_files(opened: Callable[..., Opened]) -> None:
    """Ids that `tokens:` added are in no file."""
    assert needs_axolotl(opened(BEYOND, tokens=["[INST]"]))


def test_not_when_nothing_could_have_added_them(opened: Callable[..., Opened]) -> None:
    """Ids from nowhere are shown as such: axolotl knows no more of them."""
    assert not needs_axolotl(opened(BEYOND))


def test_not_without_a_tokenizer_named(tmp_path: Path) -> None:
    """Where no tokenizer is named there is nothing to ask for."""
    assert not needs_axolotl(open_path(save(tmp_path, BEYOND)))


def test_not_for_a_tokenizer_that_is_nowhere(opened: Callable[..., Opened]) -> None:
    """Axolotl would look in the same places, and find as little."""
    assert not needs_axolotl(opened(WITHIN, tokenizer_config="/no/such/folder"))


def test_when_the_tokenizer_has_another_format(
    tmp_path: Path, opened: Callable[..., Opened]
) -> None:
    """A folder without tokenizer.json is read by axolotl alone."""
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes(b"spm")

    assert needs_axolotl(opened(WITHIN, tokenizer_config=str(folder)))


@pytest.mark.slow
def test_added_tokens_read_as_axolotl_reads_them(
    prepared: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The text of added tokens is shown; the second time without asking."""
    root = prepared(CONFIGS / "tokens-added.yml")
    line = ["show", str(root), "--config", str(root.parent / "config.yml"), "--limit", "1"]

    assert main(line) == 0
    first = capsys.readouterr()
    assert main(line) == 0
    second = capsys.readouterr()

    assert "⟪<s>⟫[Q]  Write" in first.out
    assert "not in the vocabulary" not in first.out
    assert "asking axolotl" in first.err
    assert (second.out, second.err) == (first.out, "")
