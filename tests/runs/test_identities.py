"""What axolotl's hash was is remembered, and forgotten as soon as the config is another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inspect_tool.runs.config import Config
from inspect_tool.runs.identities import recall, remember
from inspect_tool.runs.target import resolve
from tests.runs.folders import NOW, config, digest, prepared

if TYPE_CHECKING:
    from pathlib import Path

A, B = map(digest, "ab")


def test_nothing_is_recalled_before_axolotl_was_asked(tmp_path: Path) -> None:
    """A config that nobody asked axolotl about has no hashes."""
    written = Config.read(config(tmp_path / "train.yml"))

    assert recall(written, cwd=tmp_path) == ()


def test_an_edited_config_is_not_recalled(tmp_path: Path) -> None:
    """A hash belongs to the text of the config that axolotl read."""
    path = config(tmp_path / "train.yml")
    remember(Config.read(path), cwd=tmp_path, hashes=(A, B))

    path.write_text(path.read_text() + "sequence_len: 77\n")

    assert recall(Config.read(path), cwd=tmp_path) == ()


def test_the_folder_that_bears_the_hash_comes_first(tmp_path: Path) -> None:
    """Of several folders a config opens the one that axolotl named, not the newest."""
    path = config(tmp_path / "train.yml")
    own = prepared(tmp_path / "last_run_prepared", A)
    newer = prepared(tmp_path / "last_run_prepared", B)
    for file in newer.iterdir():
        os.utime(file, (NOW + 60, NOW + 60))
    before = resolve(path)
    remember(Config.read(path), cwd=before.cwd, hashes=(A,))

    after = resolve(path)

    assert before.dataset is not None
    assert after.dataset is not None
    assert (before.dataset.path, before.ambiguous) == (newer, True)
    assert (after.dataset.path, after.ambiguous) == (own, False)
