"""What may not be read is an error that names it, not a folder that seems empty."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.opened import open_path
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import TokenizerMissingError, Vocabulary
from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534

ROWS = supervised([answered(range(9), prompt=3)])


@contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """Take every permission from ``path``, and from root its privilege to read all the same."""
    mode = path.stat().st_mode
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of two shards that anyone may read."""
    shared = Path(tempfile.gettempdir())
    for parent in takewhile(lambda parent: parent != shared, (tmp_path, *tmp_path.parents)):
        parent.chmod(parent.stat().st_mode | 0o011)
    return save(tmp_path / "rows", ROWS, ROWS)


@pytest.mark.parametrize("open_it", [PreparedDataset.open, open_path])
def test_a_folder_without_permission(open_it: Callable[[Path], object], folder: Path) -> None:
    """The folder is named and the reason given."""
    with forbidden(folder), pytest.raises(InspectError, match=r"[Pp]ermission") as raised:
        open_it(folder)

    assert str(folder) in str(raised.value)


def test_a_shard_without_permission(folder: Path) -> None:
    """One shard that may not be read costs itself."""
    file = folder / "data-00000-of-00002.arrow"

    with forbidden(file):
        dataset = PreparedDataset.open(folder)

    assert len(dataset) == 1
    assert [damage.path for damage in dataset.damages] == [file]
    assert "Permission denied" in str(dataset.damages[0])


def test_a_state_without_permission(folder: Path) -> None:
    """The shards of the folder are read without it."""
    with forbidden(folder / "state.json"):
        dataset = PreparedDataset.open(folder)

    assert len(dataset) == 2
    assert [damage.path.name for damage in dataset.damages] == ["state.json"]


def test_a_tokenizer_without_permission(folder: Path) -> None:
    """The file is named, with the flag that names another."""
    file = folder / "tokenizer.json"
    file.write_text("{}", encoding="utf-8")

    with forbidden(file), pytest.raises(TokenizerMissingError, match="--tokenizer") as raised:
        Vocabulary.load(folder)

    assert raised.value.place == str(file)
