"""From a tokenizer's name to a local folder: by path, then in the Hub's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub.constants as hub
import pytest

from inspect_tool.runs.config import Config
from inspect_tool.runs.reference import FLAG, Availability, changes, hub_snapshot, locate
from tests.runs.folders import config, tokenizer

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache."""
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def downloaded(cache: Path, name: str, commit: str, *, files: tuple[str, ...] = ()) -> Path:
    """Lay out a repository as the Hub's library caches it, with main at this commit."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    return tokenizer(repository / "snapshots" / commit, *files)


def test_a_folder_is_found_from_each_start(tmp_path: Path) -> None:
    """A relative path is tried from every base in turn."""
    folder = tokenizer(tmp_path / "second" / "models" / "m")

    found = locate("models/m", key="base_model", bases=[tmp_path / "first", tmp_path / "second"])

    assert (found.folder, found.availability) == (folder, Availability.READY)


def test_a_tokenizer_json_means_its_folder(tmp_path: Path) -> None:
    """--tokenizer may name the file itself."""
    folder = tokenizer(tmp_path / "t")

    assert locate(str(folder / "tokenizer.json"), key=FLAG, bases=[tmp_path]).folder == folder


@pytest.mark.parametrize("file", ["tokenizer.model", "vocab.json", "tekken.json"])
def test_other_formats_are_converted(tmp_path: Path, file: str) -> None:
    """A folder with a vocabulary but no tokenizer.json needs the worker."""
    folder = tokenizer(tmp_path / "t", file)

    found = locate("t", key="base_model", bases=[tmp_path])

    assert (found.folder, found.availability) == (folder, Availability.CONVERT)
    assert found.needs_worker


def test_a_folder_without_a_vocabulary_is_none(tmp_path: Path) -> None:
    """Weights alone are no tokenizer."""
    tokenizer(tmp_path / "t", "config.json")

    assert locate("t", key="base_model", bases=[tmp_path]).folder is None


def test_a_hub_name_is_found_in_the_cache(tmp_path: Path, cache: Path) -> None:
    """What the Hub's library has downloaded is used without asking the Hub."""
    folder = downloaded(cache, "org/model", "c0ffee")

    found = locate("org/model", key="base_model", bases=[tmp_path])

    assert (found.folder, found.availability) == (folder, Availability.READY)


def test_a_folder_comes_before_the_hub(tmp_path: Path, cache: Path) -> None:
    """A local folder of the same name wins, as it does for transformers."""
    downloaded(cache, "org/model", "c0ffee")
    folder = tokenizer(tmp_path / "org" / "model")

    assert locate("org/model", key="base_model", bases=[tmp_path]).folder == folder


def test_a_revision_is_respected(cache: Path) -> None:
    """The revision asked for is taken, and no other in its place."""
    first = downloaded(cache, "org/model", "aaaa")
    downloaded(cache, "org/model", "bbbb")

    assert hub_snapshot("org/model", revision="aaaa") == first
    assert hub_snapshot("org/model", revision="cccc") is None


def test_a_snapshot_without_a_vocabulary_does_not_count(cache: Path) -> None:
    """A repository of which only config.json was fetched is still to download."""
    downloaded(cache, "org/model", "aaaa", files=("config.json",))

    assert hub_snapshot("org/model") is None


def test_an_older_snapshot_serves(cache: Path) -> None:
    """Where main's snapshot has no tokenizer, another one does."""
    older = downloaded(cache, "org/model", "aaaa")
    downloaded(cache, "org/model", "bbbb", files=("config.json",))

    assert hub_snapshot("org/model") == older


def test_offline_a_hub_name_is_missing(tmp_path: Path, cache: Path) -> None:
    """With HF_HUB_OFFLINE nothing can be fetched, and the message says so."""
    found = locate("org/absent", key="base_model", bases=[tmp_path])

    assert found.availability is Availability.MISSING
    assert "HF_HUB_OFFLINE" in found.message
    assert "--tokenizer" in found.fix


def test_online_a_hub_name_is_to_download(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without HF_HUB_OFFLINE the worker may fetch it."""
    monkeypatch.delenv("HF_HUB_OFFLINE")

    assert locate("org/absent", key="k", bases=[]).availability is Availability.DOWNLOAD


def test_a_path_that_is_not_there_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be a Hub name is never asked of the Hub."""
    monkeypatch.delenv("HF_HUB_OFFLINE")

    found = locate("./models/absent", key="base_model", bases=[tmp_path])

    assert (found.availability, found.fix != "") == (Availability.MISSING, True)


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        ((), ()),
        (("tokens: ['[INST]']",), ("tokens",)),
        (("special_tokens: {pad_token: x}",), ("special_tokens",)),
        (("tokens: []", "special_tokens:"), ()),
        (("tokenizer_use_fast: false",), ("tokenizer_use_fast",)),
        (("tokenizer_use_fast: true",), ()),
        (("added_tokens_overrides: {5: x}",), ("added_tokens_overrides",)),
    ],
)
def test_keys_that_change_the_tokenizer_are_known(
    tmp_path: Path, lines: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    """With one of them the files alone do not show what axolotl uses."""
    assert changes(Config.read(config(tmp_path / "c.yml", *lines))) == keys


def test_the_cache_is_where_the_environment_says(tmp_path: Path) -> None:
    """HF_HUB_CACHE moves the cache, as it does for the Hub's own library."""
    downloaded(tmp_path, "org/model", "c0ffee")
    code = "from inspect_tool.runs.reference import hub_snapshot; print(hub_snapshot('org/model'))"

    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.strip().endswith("c0ffee")
