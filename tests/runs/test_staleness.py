"""A prepared folder that is no longer what its config makes is known as such, with the reason."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.config import Config
from inspect_tool.runs.sidecar import (
    FileMark,
    Sidecar,
    flat_keys,
    input_files,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from inspect_tool.runs.staleness import Verdict, stale
from inspect_tool.runs.target import Target, resolve
from tests.axolotl_runs import ROOT, complete_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker


@pytest.fixture
def copied(
    prepared: Callable[[str | Path], Path], project: Callable[..., Path], tmp_path: Path
) -> Callable[..., Target]:
    """Lay a recipe's prepared folder where a changed copy of the recipe looks for its own."""

    def make(recipe: str, *replacements: tuple[str, str]) -> Target:
        source = complete_folders(prepared(recipe))[0]
        shutil.copytree(source, tmp_path / "last_run_prepared" / recipe / source.name)
        return resolve(project(recipe, *replacements))

    return make


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["merged", "packed", "dpo", "reward-model", "completion"])
def test_fresh(recipe: str, copied: Callable[..., Target], worker: AxolotlWorker) -> None:
    """Every kind is fresh where nothing changed, dropped rows and cut texts included."""
    found = stale(copied(recipe), worker, rows=200)

    assert found.verdict is Verdict.FRESH
    assert found.differing == ()


@pytest.mark.slow
def test_changed_setting(copied: Callable[..., Target], worker: AxolotlWorker) -> None:
    """Rows whose mask would be another are named with the prepared row that has the old one."""
    target = copied(
        "sharegpt", ("type: chat_template", "type: chat_template\n    train_on_eos: none")
    )

    found = stale(target, worker)

    assert found.verdict is Verdict.STALE
    assert {item.how for item in found.differing} == {"relabelled"}
    assert all(item.prepared is not None and item.place.line for item in found.differing)
    assert "now prepares" in found.reasons[0]


@pytest.mark.slow
def test_changed_data(copied: Callable[..., Target], tmp_path: Path, worker: AxolotlWorker) -> None:
    """An edit of the data file, which axolotl's hash does not see, is found and named."""
    data = tmp_path / "data.jsonl"
    text = (ROOT / "fixtures/data/sharegpt.jsonl").read_text()
    data.write_text(text)
    target = copied("sharegpt", ("fixtures/data/sharegpt.jsonl", str(data)))
    assert stale(target, worker).verdict is Verdict.FRESH
    data.write_text(text.replace("Olympus", "Etna"))
    os.utime(data)

    found = stale(target, worker)

    assert found.verdict is Verdict.STALE
    assert [(item.row, item.how) for item in found.differing] == [(0, "absent")]


@pytest.mark.slow
def test_config_that_axolotl_refuses(copied: Callable[..., Target], worker: AxolotlWorker) -> None:
    """A folder whose config cannot be rendered is not called stale, nor fresh."""
    target = copied("sharegpt", ("chat_template: chatml", "chat_template: nothing"))

    found = stale(target, worker)

    assert found.verdict is Verdict.UNKNOWN
    assert found.reasons


def test_without_a_dataset(project: Callable[..., Path]) -> None:
    """Where nothing is prepared there is nothing to be stale; no worker is asked."""
    target = resolve(project("sharegpt"))

    assert stale(target, None).verdict is Verdict.UNKNOWN  # type: ignore[arg-type]


@pytest.fixture
def config(project: Callable[..., Path], tmp_path: Path) -> Config:
    """A config with a data file and a template file of its own."""
    (tmp_path / "data.jsonl").write_text("{}\n")
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    return Config.read(
        project(
            "sharegpt",
            ("fixtures/data/sharegpt.jsonl", "data.jsonl"),
            ("chat_template: chatml", "chat_template: jinja\nchat_template_jinja: chat.jinja"),
        )
    )


def test_sidecar_of_unchanged_inputs(config: Config, tmp_path: Path) -> None:
    """Read back, a sidecar finds nothing changed; it lies beside the folder."""
    folder = tmp_path / "prepared"
    folder.mkdir()

    path = write_sidecar(folder, config, cwd=tmp_path)

    read = read_sidecar(folder)
    assert path == sidecar_path(folder)
    assert path.parent == folder.parent
    assert read is not None
    assert read.changes(config, cwd=tmp_path) == ()


def test_sidecar_names_what_changed(config: Config, tmp_path: Path) -> None:
    """A key, a file's contents and a version are named; a file only touched is not."""
    folder = tmp_path / "prepared"
    write_sidecar(folder, config, cwd=tmp_path)
    read = read_sidecar(folder)
    assert read is not None
    before = replace(read, packages={**read.packages, "axolotl": "0.18.0"})
    config.path.write_text(
        config.path.read_text().replace("sequence_len: 2048", "sequence_len: 512")
    )
    (tmp_path / "chat.jinja").write_text("{{ messages[0] }}")
    os.utime(tmp_path / "data.jsonl", (1, 1))

    changes = before.changes(Config.read(config.path), cwd=tmp_path)

    assert "sequence_len was 2048, is 512" in changes
    assert f"{tmp_path / 'chat.jinja'} changed" in changes
    assert any(change.startswith('axolotl was "0.18.0", is ') for change in changes)
    assert len(changes) == 3


def test_sidecars_of_two_folders() -> None:
    """Versions are told apart from keys and files."""
    before = Sidecar({"seed": 1}, {"/a": FileMark(1, 1, "00")}, {"axolotl": "0.18.0"})
    after = Sidecar({"seed": 2}, {"/a": FileMark(2, 2, "11")}, {"axolotl": "0.19.0"})

    versions, others = after.since(before)

    assert versions == ('axolotl was "0.18.0", is "0.19.0"',)
    assert others == ("seed was 1, is 2", "/a changed")


def test_sidecar_knows_files_that_are_gone(config: Config, tmp_path: Path) -> None:
    """A file that was there, and one that is new, have changed."""
    before = Sidecar(flat_keys(config), {"/gone": FileMark(1, 1, "00")})

    changes = before.changes(config, cwd=tmp_path)

    assert "/gone changed" in changes
    assert f"{tmp_path / 'data.jsonl'} changed" in changes


def test_inputs_are_data_template_and_tokenizer(config: Config, tmp_path: Path) -> None:
    """What rows are made from is listed, each file once."""
    names = [path.name for path in input_files(config, cwd=tmp_path)]

    assert names[:2] == ["data.jsonl", "chat.jinja"]
    assert "tokenizer.json" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "files": 3}'])
def test_broken_sidecar(text: str, tmp_path: Path) -> None:
    """A sidecar that cannot be read is as none."""
    sidecar_path(tmp_path / "prepared").write_text(text)

    assert read_sidecar(tmp_path / "prepared") is None


def test_learning_rate_makes_nothing_stale(config: Config) -> None:
    """Keys that change no stored row are not in the sidecar."""
    keys = flat_keys(config)

    assert "learning_rate" not in keys
    assert keys["datasets.0.message_property_mappings.role"] == "from"
    assert json.dumps(keys)
