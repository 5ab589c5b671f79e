"""confirm: axolotl's hash says which config made a folder, and what may have changed since."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.confirm import confirm
from inspect_tool.runs.target import Status, resolve
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker

pytestmark = pytest.mark.slow


@pytest.fixture
def made(
    prepared: Callable[[str], Path], project: Callable[..., Path], tmp_path: Path
) -> Callable[..., Path]:
    """Make a project with a recipe's config and what axolotl prepared from it."""

    def make(recipe: str, *replacements: tuple[str, str]) -> Path:
        where = (f"dataset_prepared_path: last_run_prepared/{recipe}\n", "")
        shutil.copytree(prepared(recipe), tmp_path / "last_run_prepared")
        config = project(recipe, where, *replacements)
        # the hash knows paths as they are written: the project has them as the recipe has
        config.write_text(config.read_text().replace(f"{ROOT}/", ""))
        (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
        return config

    return make


def touched_now(*folders: Path) -> None:
    """Give prepared files the present as their time, as if prepared after all inputs."""
    for folder in folders:
        for path in folder.rglob("*"):
            os.utime(path)


def test_a_config_is_confirmed(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """The folder that bears the config's hash is confirmed as its own."""
    config = made("chat-chatml")
    touched_now(config.parent / "last_run_prepared")

    target = confirm(resolve(config), worker)

    assert (target.status, target.split) == (Status.CONFIRMED, "train")
    assert target.message == "train.yml made this folder (axolotl's hash agrees)"


def test_a_folder_is_confirmed(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """The config that was assumed for a folder is confirmed by the hash."""
    config = made("dpo")
    touched_now(config.parent / "last_run_prepared")

    target = confirm(resolve(config.parent / "last_run_prepared"), worker)

    assert (target.status, target.config and target.config.path) == (Status.CONFIRMED, config)


def test_the_config_that_really_made_it_is_named(
    made: Callable[..., Path], worker: AxolotlWorker
) -> None:
    """Of several candidates the one with the hash is put in place of the assumed one."""
    config = made("chat-chatml")
    other = config.with_name("another.yml")
    other.write_text(config.read_text().replace("sequence_len: 2048", "sequence_len: 1024"))
    touched_now(config.parent / "last_run_prepared")
    resolved = resolve(config.parent / "last_run_prepared")
    assert resolved.config is not None
    assert resolved.config.path == other

    target = confirm(resolved, worker)

    assert (target.status, target.config and target.config.path) == (Status.CONFIRMED, config)
    assert target.message.endswith("agrees), not another.yml")


def test_evaluation_rows_are_told(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """The folder of test_datasets is known as such, and the config opens the other one."""
    config = made("test-datasets")
    touched_now(config.parent / "last_run_prepared")
    first = confirm(resolve(config), worker)
    assert first.dataset is not None
    [other] = [item for item in first.datasets if item.path != first.dataset.path]

    second = confirm(resolve(other.path), worker)

    assert (first.split, second.split) == ("train", "test")
    assert "test_datasets" in second.message


def test_a_changed_config_is_stale(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """A config whose hash no longer fits says so, and how to prepare it again."""
    config = made("chat-chatml", ("sequence_len: 2048", "sequence_len: 512"))

    target = confirm(resolve(config), worker)

    assert target.status is Status.STALE
    assert "train.yml now prepares" in target.message
    assert target.fix == f"prepare it: inspect-tool prepare {config}"


def test_the_right_folder_is_opened(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """Where the newest folder is another config's, the config's own is put in place."""
    config = made("chat-chatml")
    root = config.parent / "last_run_prepared"
    [own] = [path for path in root.iterdir() if path.is_dir()]
    touched_now(own)
    shutil.copytree(own, root / ("f" * 32))
    touched_now(root / ("f" * 32))
    resolved = resolve(config)
    assert resolved.dataset is not None
    assert resolved.dataset.path.name == "f" * 32

    target = confirm(resolved, worker)

    assert (target.status, target.dataset and target.dataset.path) == (Status.CONFIRMED, own)


@pytest.mark.parametrize("changed", ["data.jsonl", "tokenizer.json"])
def test_inputs_changed_since_are_told(
    made: Callable[..., Path], worker: AxolotlWorker, changed: str
) -> None:
    """The hash sees neither the data nor the tokenizer's files; their times are looked at."""
    config = made("chat-chatml")
    folder = config.parent
    touched_now(folder / "last_run_prepared")
    (folder / "fixtures").unlink()
    shutil.copytree(
        ROOT / "fixtures" / "built" / "chatml-bpe", folder / "fixtures/built/chatml-bpe"
    )
    (folder / "fixtures" / "data").mkdir()
    shutil.copy2(ROOT / "fixtures" / "data" / "chat.jsonl", folder / "fixtures" / "data")
    named = {"data.jsonl": "data/chat.jsonl", "tokenizer.json": "built/chatml-bpe/tokenizer.json"}
    path = folder / "fixtures" / named[changed]
    resolved = resolve(config)
    assert resolved.dataset is not None
    later = resolved.dataset.modified + 1000
    os.utime(path, (later, later))

    target = confirm(resolved, worker)

    assert target.status is Status.STALE
    assert target.message == f"may be stale: {path} changed after it was prepared"


def test_what_axolotl_refuses_is_unknown(made: Callable[..., Path], worker: AxolotlWorker) -> None:
    """A config that this axolotl does not accept leaves the folder open, with the reason."""
    config = made("chat-chatml", ("type: chat_template", "type: sharegpt"))

    target = confirm(resolve(config), worker)

    assert (target.status, target.dataset is None) == (Status.UNKNOWN, False)
    assert target.message.startswith("not confirmed: axolotl refuses it: ")


def test_a_folder_of_another_name_is_unknown(
    made: Callable[..., Path], worker: AxolotlWorker
) -> None:
    """A folder that was renamed cannot be confirmed, and the message says why."""
    config = made("chat-chatml")
    root = config.parent / "last_run_prepared"
    [own] = [path for path in root.iterdir() if path.is_dir()]
    own.rename(root / "mine")

    target = confirm(resolve(root / "mine"), worker)

    assert target.status is Status.UNKNOWN
    assert "not named by a hash" in target.message


def test_a_directory_has_nothing_to_confirm(worker: AxolotlWorker, tmp_path: Path) -> None:
    """Targets without a config stay as they are."""
    target = resolve(tmp_path)

    assert confirm(target, worker) is target
