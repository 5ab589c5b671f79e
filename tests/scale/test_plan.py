"""A scale plan: what it says without axolotl, what it writes, and its documented form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from inspect_tool.errors import InspectError
from inspect_tool.report.look import Look
from inspect_tool.report.scale_text import scale_text
from inspect_tool.runs.config import Config
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.plan import NOT_ASKED, ScaleOptions, ScalePlan, plan_scale
from tests.arrow_files import answered, save, supervised
from tests.scale.cases import AROUND
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

YAML: dict[str, Any] = {
    "base_model": "org/model",
    "datasets": [{"path": "rows.jsonl", "type": "alpaca"}],
    "dataset_prepared_path": "prepared",
    "output_dir": "out",
    "sequence_len": 100,
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 4,
    "num_epochs": 2,
    "learning_rate": 1e-4,
    "optimizer": "adamw_torch",
}
FOLDER = "0123456789abcdef0123456789abcdef"


def planned(
    folder: Path, *, processes: int = 4, rows: int = 0, options: Any = None, **keys: Any
) -> ScalePlan:
    """Plan the YAML above with other keys, in ``folder``, beside ``rows`` prepared rows."""
    file = folder / "qlora.yml"
    file.write_text(yaml.safe_dump({**YAML, **keys}), "utf-8")
    if rows:
        shard = supervised([answered(range(10), prompt=6)] * rows)
        save(folder / "prepared" / FOLDER, shard)
    given = options or ScaleOptions(processes=processes)
    return plan_scale(Config.read(file), given, cwd=folder, surroundings=AROUND)


def test_a_prepared_dataset_is_counted(tmp_path: Path) -> None:
    """80 rows of 10 tokens, 4 of them trained, 32 rows a step, the held out rows left aside."""
    plan = planned(tmp_path, rows=100, val_set_size=0.2)

    assert plan.data.rows is not None
    assert (plan.data.rows.rows, plan.data.rows.eval_rows) == (80, 20)
    assert (plan.schedule.tokens, plan.schedule.trained, plan.schedule.steps) == (320, 128, 5)


def test_packs_are_the_fewest_that_the_tokens_fill(tmp_path: Path) -> None:
    """1,000 tokens fill five packs of 2 x 100; axolotl was not asked how many it makes."""
    plan = planned(tmp_path, rows=100, sample_packing=True, flash_attention=True)

    assert plan.data.rows is not None
    assert (plan.data.rows.bins, plan.data.rows.bins_exact) == (5, False)
    assert "5 at least" in scale_text(plan, Look())


def test_one_machine_and_the_fleet_stand_side_by_side(tmp_path: Path) -> None:
    """One process, what each of two machines has, and all."""
    plan = planned(tmp_path, options=ScaleOptions(processes=8, nodes=2))

    assert [item.processes for item in plan.schedules] == [1, 4, 8]


def test_commands_launch_the_yaml_itself(tmp_path: Path) -> None:
    """Where nothing has to change there is no copy."""
    plan = planned(tmp_path)

    assert str(tmp_path / "qlora.yml") in plan.commands[0].launch.argv
    assert plan.changes == ()


@pytest.mark.parametrize("strategy", ["fsdp", "zero2"])
def test_another_strategy_is_a_copy_of_the_yaml(tmp_path: Path, strategy: str) -> None:
    """The copy asks for it, each changed key is told, and the YAML stays as it was."""
    options = ScaleOptions(processes=4, strategy=Strategy(strategy))
    plan = planned(tmp_path, options=options)
    before = (tmp_path / "qlora.yml").read_bytes()
    plan.write_files()
    copy = Config.read(plan.folder / "config.yml")

    assert plan.fleet.strategy == strategy
    assert {change.key for change in plan.changes} <= {"fsdp_version", "fsdp_config", "deepspeed"}
    assert str(copy.path) in plan.commands[0].launch.argv
    assert copy.values["fsdp_config" if strategy == "fsdp" else "deepspeed"]
    assert (tmp_path / "qlora.yml").read_bytes() == before


def test_only_the_tool_s_folder_is_written(tmp_path: Path) -> None:
    """Everything that the commands read lies below .inspect, out of the user's git."""
    plan = planned(tmp_path, rows=4)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    plan.write_files()
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before

    assert new
    assert {path.relative_to(tmp_path).parts[0] for path in new} == {".inspect"}
    assert (tmp_path / ".inspect" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """One line that names it, as for every file a person can mend."""
    plan = planned(tmp_path)
    (tmp_path / ".inspect").write_text("a file")

    with pytest.raises(InspectError, match=r"cannot be written"):
        plan.write_files()


def test_without_axolotl_what_it_decides_is_unknown(tmp_path: Path) -> None:
    """It is listed with the reason, and the memory says what it lacks."""
    plan = planned(tmp_path)

    assert plan.preflight.unknown["P-AXOLOTL"] == NOT_ASKED
    assert plan.sized is None
    assert "config.json" in plan.unsized


def test_what_is_removed_from_axolotl_is_translated_first(tmp_path: Path) -> None:
    """A YAML of 2024 is looked at with the keys of today, and its doubts are told."""
    old = [{"path": "rows.jsonl", "type": "sharegpt"}]
    plan = planned(tmp_path, datasets=old, rpo_alpha=1.0)

    assert plan.values["datasets"][0]["type"] == "chat_template"
    assert "P-OLD-KEY" in {finding.code for finding in plan.preflight.findings}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (ScaleOptions(processes=3, nodes=2), "do not divide"),
        (ScaleOptions(processes=2, gpu="abacus"), "abacus"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    tmp_path: Path, options: ScaleOptions, says: str
) -> None:
    """In one clear line."""
    with pytest.raises(InspectError, match=says):
        planned(tmp_path, options=options)


def test_a_stage_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    """Without the DeepSpeed file nobody knows what is split; --strategy says it."""
    with pytest.raises(InspectError, match="--strategy"):
        planned(tmp_path, deepspeed="ds.json")


@pytest.mark.parametrize("rows", [0, 40])
@pytest.mark.parametrize("strategy", [None, *Strategy])
def test_the_document_is_as_documented(
    tmp_path: Path, rows: int, strategy: Strategy | None
) -> None:
    """docs/schemas/scale.json holds for every strategy, prepared or not."""
    options = ScaleOptions(processes=8, nodes=2, strategy=strategy, gpu="a100")
    plan = planned(tmp_path, rows=rows, options=options)

    Draft202012Validator(schema("scale")).validate(json.loads(json.dumps(plan.to_json())))


def test_the_document_adds_up(tmp_path: Path) -> None:
    """The contract's numbers are those of the arithmetic."""
    batch = planned(tmp_path, rows=100).to_json()["batch"]

    assert batch["global"] == batch["micro"] * batch["accumulation"] * batch["world"]
    assert batch["tokens_per_step"] == 10 * batch["global"]


@pytest.mark.parametrize("width", [40, 80, None])
def test_the_text_has_every_section(tmp_path: Path, width: int | None) -> None:
    """Fleet, batches, memory, findings, commands; commands are never folded."""
    plan = planned(tmp_path, rows=100)
    text = scale_text(plan, Look(width=width))

    for word in ("fleet", "batch", "memory", "P-GLOBAL-BATCH", "commands"):
        assert word in text
    assert plan.commands[0].launch.command() in text


def test_no_escape_of_a_config_reaches_the_terminal(tmp_path: Path) -> None:
    """Names and values in a YAML are anyone's."""
    evil = "\x1b]0;x\x07"
    plan = planned(tmp_path, output_dir=f"{evil}out", deepspeed=f"{evil}zero2.json")

    assert "\x1b" not in scale_text(plan, Look(width=80))
