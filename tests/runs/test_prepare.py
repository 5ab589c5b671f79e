"""Preparing with the real axolotl: into our own folder, judged by what lies there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError, RunFailedError
from inspect_tool.runs.config import Config
from inspect_tool.runs.folders import FolderState
from inspect_tool.runs.prepare import prepare, prepare_launch
from inspect_tool.runs.target import resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.runs.launch import Process


def test_the_users_folders_are_overridden(project: Callable[..., Path], tmp_path: Path) -> None:
    """The launch is the real preprocess with our folder as prepared cache and output."""
    launch = prepare_launch(Config.read(project("chat-chatml")))

    assert launch.argv[1:4] == ("-m", "axolotl.cli.preprocess", str(tmp_path / "train.yml"))
    assert launch.argv[4:] == (
        "--dataset_prepared_path=.inspect/prepared/train",
        "--output_dir=.inspect/prepared/train.out",
        "--download=False",
    )
    assert launch.cwd == tmp_path


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("push_dataset_to_hub: me/mine", "--push_dataset_to_hub=None"),
        ("deepspeed: zero3.json", "--deepspeed=None"),
        ("strict: true", "--strict=False"),
    ],
)
def test_what_would_push_or_refuse_is_unset(
    project: Callable[..., Path], line: str, option: str
) -> None:
    """Nothing is pushed, and a config for many GPUs prepares on none."""
    config = Config.read(project("chat-chatml", ("seed: 42", f"seed: 42\n{line}")))

    assert option in prepare_launch(config).argv


def test_telemetry_is_off(project: Callable[..., Path]) -> None:
    """The child's environment turns telemetry off and hides the GPUs."""
    launch = prepare_launch(Config.read(project("chat-chatml")))

    assert (launch.env["AXOLOTL_DO_NOT_TRACK"], launch.env["CUDA_VISIBLE_DEVICES"]) == ("1", "")


def test_what_stores_nothing_is_refused(project: Callable[..., Path]) -> None:
    """A streaming config is an error that names the key and its line."""
    config = project("chat-chatml", ("seed: 42", "streaming: true"))

    with pytest.raises(InspectError, match=r"train\.yml:\d+: .*streaming"):
        prepare(Config.read(config))


@pytest.mark.slow
def test_a_config_is_prepared(project: Callable[..., Path], tmp_path: Path) -> None:
    """A strict config with a hub to push to is prepared in our folder, and in no other."""
    extra = "seed: 42\nstrict: true\npush_dataset_to_hub: me/mine"
    config = project("chat-chatml", ("seed: 42", extra), ("output_dir: .inspect/out", "# none"))
    lines: list[str] = []

    folder = prepare(Config.read(config), on_line=lines.append)

    assert folder.parent == tmp_path / ".inspect" / "prepared" / "train"
    assert sorted(os.listdir(tmp_path)) == [".git", ".inspect", "train.yml"]  # noqa: PTH208
    assert any("Loading raw datasets" in line for line in lines)
    dataset = resolve(config).dataset
    assert dataset is not None
    assert (dataset.path, dataset.state) == (folder, FolderState.COMPLETE)


@pytest.mark.slow
def test_a_failure_says_its_cause(project: Callable[..., Path], tmp_path: Path) -> None:
    """Axolotl's own error is in the message, and the log is named."""
    config = project("chat-chatml", ("type: chat_template", "type: sharegpt"))

    with pytest.raises(RunFailedError) as raised:
        prepare(Config.read(config))

    said = str(raised.value)
    assert said.startswith(f"{tmp_path}/.inspect/prepared/train.log:")
    assert "axolotl preprocess made no dataset" in said
    assert "`type: sharegpt.*` is deprecated" in said


@pytest.mark.slow
def test_a_row_of_null_is_named(project: Callable[..., Path], tmp_path: Path) -> None:
    """It ends axolotl without a word: file and line are named, and no empty folder is left."""
    (tmp_path / "rows.jsonl").write_text('\nnull\n{"messages": []}\n')
    config = project("chat-chatml", ("path: fixtures/data/chat.jsonl", "path: rows.jsonl"))
    assert Config.read(config).datasets[0].files == ("rows.jsonl",)

    with pytest.raises(RunFailedError, match=r"rows\.jsonl:2: a row that is no object but null"):
        prepare(Config.read(config))

    assert not (tmp_path / ".inspect" / "prepared" / "train").exists()


@pytest.mark.slow
def test_it_can_be_ended(project: Callable[..., Path]) -> None:
    """Ending the process ends preparing with an error, and leaves no folder to open."""
    config = project("chat-chatml")
    started: list[Process] = []

    with pytest.raises(RunFailedError):
        prepare(
            Config.read(config),
            on_start=started.append,
            on_line=lambda _: started[0].end(),
        )

    assert resolve(config).dataset is None
