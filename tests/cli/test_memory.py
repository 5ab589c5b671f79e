"""`memory` prints an estimate, accelerate's table, or one clear line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.__main__ import main
from inspect_tool.report.look import Look
from inspect_tool.report.memory_text import memory_text, plain_text, unit_text
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.advice import advise
from inspect_tool.scale.memory.estimate import estimate
from inspect_tool.scale.memory.gpus import Card, fit
from inspect_tool.scale.memory.plain import PlainRow, PlainTable
from inspect_tool.scale.memory.sized import Sized
from inspect_tool.scale.table import size_text
from tests.processes import run
from tests.scale.memory_models import BERT_BASE_CASED, FULL, LLAMA_3_8B, by_hand
from tests.schemas import schema
from tests.test_seams import RUN, imported_by

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
base_model: model
datasets:
  - path: rows.jsonl
    type: alpaca
bf16: true
flash_attention: true
adapter: qlora
load_in_4bit: true
lora_r: 32
lora_target_linear: true
gradient_checkpointing: true
sequence_len: 2048
sample_packing: true
micro_batch_size: 4
optimizer: adamw_bnb_8bit
"""

TABLE = PlainTable(
    "BertModel",
    108_310_272,
    (
        PlainRow("float32", 90_000_000, 433_249_280, 433_249_280, 433_249_280, 866_498_560, None),
        PlainRow("int4", 10_000_000, 54_156_160, None, None, None, None),
    ),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A config whose base model's folder holds a config.json and nothing else."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(LLAMA_3_8B), "utf-8")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(json.dumps(BERT_BASE_CASED), "utf-8")
    (tmp_path / "qlora.yml").write_text(CONFIG, "utf-8")
    return tmp_path


def sized(card: Card | None, fleet: Fleet | None = None) -> Sized:
    """Size the model counted by hand for a card."""
    values, fleet = {**FULL, "micro_batch_size": 8, "sequence_len": 4096}, fleet or Fleet(1)
    model = by_hand(values, fleet)
    memory = estimate(values, fleet, model)
    if card is None:
        return Sized(memory, fleet, model.shape)
    changes = advise(values, fleet, model, card)
    return Sized(memory, fleet, model.shape, card, fit(memory.total, card), changes)


def test_text_adds_up_to_the_peak() -> None:
    """Every part that takes anything has its line, and the peak its own."""
    estimate_only = sized(None)

    text = memory_text(estimate_only, Look())

    lines = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ")}
    assert {"weights", "gradients", "optimizer", "activations", "logits", "runtime"} <= set(lines)
    assert size_text(estimate_only.memory.total) in lines["at"]
    assert "--gpu NAME" in text


def test_text_says_what_to_change() -> None:
    """A card that is too small gets the changes, each with its own estimate."""
    small = sized(Card("small", 15 << 30))

    text = memory_text(small, Look())

    assert "does not fit" in text
    assert small.changes
    assert all(change.what in text for change in small.changes)
    assert all(size_text(change.total) in text for change in small.changes)


def test_text_says_when_nothing_is_enough() -> None:
    """It does not pretend that the changes are enough."""
    assert "not even these" in memory_text(sized(Card("tiny", 1 << 30)), Look())


def test_text_fits_a_narrow_terminal() -> None:
    """Lines fold at the terminal's width, in ASCII too."""
    look = Look(width=60, unicode=False)

    text = memory_text(sized(Card("small", 15 << 30), Fleet(8, 1, Strategy.ZERO3)), look)

    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 60


def test_names_are_not_obeyed() -> None:
    """A model's class name and notes come from files: they reach the terminal as visible text."""
    hostile = sized(None)
    shape = replace(hostile.shape, architecture="\x1b[2JLlama")
    memory = replace(hostile.memory, notes=("\x1b]0;title\x07",))

    text = memory_text(replace(hostile, shape=shape, memory=memory), Look())

    assert "\x1b" not in text
    assert "\x07" not in text


def test_estimate_holds_to_the_schema() -> None:
    """An estimate, with and without a card, is as docs/schemas/memory.json says."""
    validator = Draft202012Validator(schema("memory"))

    for card in (None, Card("small", 15 << 30), Card("large", 1 << 40)):
        validator.validate(json.loads(json.dumps(sized(card).to_json())))


def test_plain_table_writes_units_as_accelerate_does() -> None:
    """Units step by 1024; what cannot be trained is N/A."""
    text = plain_text(TABLE, "\x1bbert", Look())

    assert "413.18 MB" in text
    assert text.count("N/A") >= 4
    assert "\x1b" not in text
    assert unit_text(512) == "512.0 bytes"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "CONFIG"),
        (["qlora.yml", "--gpu", "voodoo"], "h100-80gb"),
        (["qlora.yml", "--model", "no/such-model"], "no/such-model"),
        (["qlora.yml", "--processes", "3", "--nodes", "2"], "machines"),
        (["--model", "bert", "--gpu", "t4"], "CONFIG"),
        (["missing.yml"], "missing.yml"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    said: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 2 and a line that names what is wrong."""
    monkeypatch.chdir(project)

    status = main(["memory", *arguments])

    written = capsys.readouterr()
    assert status == 2
    assert said in written.err
    assert len(written.err.splitlines()) == 1
    assert not written.out


def test_missing_config_json_names_the_way_out(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the base model's config.json the line says how to get one."""
    shutil.rmtree(project / "model")
    monkeypatch.chdir(project)

    assert main(["memory", "qlora.yml"]) == 2
    assert "--model FOLDER" in capsys.readouterr().err


@pytest.mark.slow
def test_command_from_nothing_and_again(project: Path) -> None:
    """The first call asks the model's class; the second starts nothing heavy and says the same."""
    first = run("memory", project / "qlora.yml", "--gpu", "h100-80gb", "--json", cwd=project)
    again = run("memory", project / "qlora.yml", "--gpu", "h100-80gb", "--json", cwd=project)
    heavy = imported_by(RUN, "memory", str(project / "qlora.yml"), "--gpu", "h100-80gb")

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert json.loads(first.stdout)["fits"] is True
    assert not again.stderr
    assert not heavy & {"torch", "transformers", "axolotl", "datasets", "peft"}


@pytest.mark.slow
def test_command_says_what_does_not_fit(project: Path) -> None:
    """A card that is too small gives status 1 and the changes."""
    answer = run("memory", project / "qlora.yml", "--gpu", "8gb", cwd=project)

    assert answer.returncode == 1
    assert "micro_batch_size: 1" in answer.stdout


@pytest.mark.slow
def test_plain_table_of_a_folder(project: Path) -> None:
    """`--model FOLDER` alone prints accelerate's table, as text and as JSON."""
    text = run("memory", "--model", "bert", cwd=project)
    document = run("memory", "--model", "bert", "--json", cwd=project)

    assert "413.18 MB" in text.stdout
    assert "1.61 GB" in text.stdout
    Draft202012Validator(schema("memory")).validate(json.loads(document.stdout))


@pytest.mark.slow
def test_the_users_folder_stays_as_it_was(project: Path) -> None:
    """Nothing is written beside the config or the model."""
    before = sorted(str(path) for path in project.rglob("*"))

    run("memory", project / "qlora.yml", "--gpu", "24gb", cwd=project)

    assert sorted(str(path) for path in project.rglob("*")) == before
