"""identify: axolotl's own hash for a config, without touching anything of the user's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_tasks import AxolotlRefusedError, identify
from tests.axolotl_runs import RECIPES, ROOT, complete_folders
from tests.worker_tasks import process_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker

pytestmark = pytest.mark.slow

HARDWARE = """\
deepspeed: /somewhere/deepspeed_configs/zero3_bf16.json
bf16: true
load_in_4bit: true
adapter: qlora
flash_attention: true
optimizer: paged_adamw_8bit
"""


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yml")))
def test_the_hash_is_the_folders_name(
    prepared: Callable[[str], Path], worker: AxolotlWorker, recipe: str
) -> None:
    """For every kind of dataset the hashes are those of the folders that axolotl made."""
    root = prepared(recipe)

    identity = worker.call(identify, root.parent / "config.yml", ROOT)

    assert sorted(identity.hashes) == [folder.name for folder in complete_folders(root)]
    assert identity.left_out == ()


def test_the_facts_are_axolotls(worker: AxolotlWorker) -> None:
    """The identity says what axolotl resolved: tokenizer, kinds, seed, split and versions."""
    identity = worker.call(identify, RECIPES / "packed.yml", ROOT)

    assert identity.tokenizer_name == "fixtures/built/chatml-bpe"
    assert (identity.kinds, identity.rl, identity.seed) == (("chat_template",), None, 42)
    assert (identity.sequence_len, identity.sample_packing) == (2048, True)
    assert identity.prepared_path == "last_run_prepared/packed"
    assert identity.versions["axolotl"]


def test_nothing_of_the_users_is_written(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """Neither output_dir's debug.log nor any other file appears, and none changes."""
    config = project("chat-chatml")
    before = files_of(tmp_path)

    worker.call(identify, config, tmp_path)

    assert files_of(tmp_path) == before


def test_the_worker_is_left_as_it_was(worker: AxolotlWorker, tmp_path: Path) -> None:
    """Current directory, environment and import path are put back, also after a refusal."""
    before = worker.call(process_state)

    worker.call(identify, RECIPES / "packed.yml", ROOT)
    (tmp_path / "c.yml").write_text("base_model: m\ndatasets:\n  - {path: d, type: sharegpt}\n")
    with pytest.raises(AxolotlRefusedError):
        worker.call(identify, tmp_path / "c.yml", tmp_path)

    assert worker.call(process_state) == before


def test_hardware_does_not_matter(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """A config for eight GPUs has the same hash on a laptop; what was left out is said."""
    plain = project("chat-chatml", name="plain.yml")
    large = project(
        "chat-chatml",
        ("bf16: false\n", HARDWARE),
        ("optimizer: adamw_torch\n", ""),
        ("attn_implementation: sdpa\n", ""),
        name="large.yml",
    )

    first, second = (worker.call(identify, path, tmp_path) for path in (plain, large))

    assert first.train_hash == second.train_hash
    assert "deepspeed" in second.left_out


def test_the_base_model_need_not_be_here(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """Without the base model's config.json the hash is the same as with it, and that is said."""
    folder = tmp_path / "models" / "m"
    path = project("chat-chatml", ("fixtures/built/chatml-bpe", "models/m"))
    absent = worker.call(identify, path, tmp_path)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    present = worker.call(identify, path, tmp_path)

    assert absent.left_out == ("the base model's config.json",)
    assert (present.left_out, present.train_hash) == ((), absent.train_hash)


def test_a_refusal_is_in_axolotls_words(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """What axolotl no longer accepts is told in one line that names the file."""
    path = project("chat-chatml", ("type: chat_template", "type: sharegpt"))

    with pytest.raises(AxolotlRefusedError) as raised:
        worker.call(identify, path, tmp_path)

    said = str(raised.value)
    assert said.startswith(f"{path}: axolotl refuses it: ")
    assert "`type: sharegpt.*` is deprecated. Please use `type: chat_template` instead." in said
    assert "\n" not in said


def test_code_named_by_a_config_does_not_run(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """A plugin beside the config is not imported for looking at it, and that is said."""
    path = project("chat-chatml", ("seed: 42", "seed: 42\nplugins: [mine.Plugin]"))
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    identity = worker.call(identify, path, tmp_path)

    assert not (tmp_path / "ran").exists()
    assert identity.left_out == ("plugins",)


def test_strict_configs_write_nothing_either(
    project: Callable[..., Path], worker: AxolotlWorker, tmp_path: Path
) -> None:
    """`strict: true` refuses overrides on the command line; the output folder is safe still."""
    path = project("chat-chatml", ("output_dir: .inspect/out/chat-chatml", "strict: true"))

    worker.call(identify, path, tmp_path)

    assert sorted(os.listdir(tmp_path)) == [".git", "train.yml"]  # noqa: PTH208
