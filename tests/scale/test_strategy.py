"""Which strategy a config asks for, and what is written to ask for another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.overrides.draft import Draft
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.strategy import apply, deepspeed_of, fsdp_of, strategy_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("values", "strategy"),
    [
        ({}, Strategy.DDP),
        ({"fsdp_version": 2}, Strategy.DDP),
        ({"fsdp_config": {"reshard_after_forward": True}}, Strategy.FSDP),
        ({"fsdp": ["full_shard", "auto_wrap"]}, Strategy.FSDP),
        ({"deepspeed": {"zero_optimization": {"stage": 1}}}, Strategy.ZERO1),
        ({"deepspeed": {"zero_optimization": {"stage": 3}}}, Strategy.ZERO3),
        ({"deepspeed": {"train_batch_size": "auto"}}, Strategy.DDP),
        ({"deepspeed": "deepspeed_configs/zero2_torch_compile.json"}, Strategy.ZERO2),
    ],
)
def test_a_config_asks_for_a_strategy(
    values: dict[str, Any], strategy: Strategy, tmp_path: Path
) -> None:
    """The keys say it, or the usual name of a DeepSpeed file that is not here."""
    assert strategy_of(values, cwd=tmp_path) is strategy


def test_a_deepspeed_file_is_read_from_where_the_config_starts(tmp_path: Path) -> None:
    """Content counts, not the name."""
    (tmp_path / "zero3.json").write_text('{"zero_optimization": {"stage": 2}}')

    assert strategy_of({"deepspeed": "zero3.json"}, cwd=tmp_path) is Strategy.ZERO2


@pytest.mark.parametrize("content", [None, "{", "[]", '{"zero_optimization": {"stage": 7}}'])
def test_a_stage_that_cannot_be_told_is_an_error(content: str | None, tmp_path: Path) -> None:
    """A missing, broken or odd DeepSpeed file is named."""
    if content is not None:
        (tmp_path / "ds.json").write_text(content)

    with pytest.raises(InspectError, match=r"ds\.json"):
        strategy_of({"deepspeed": "ds.json"}, cwd=tmp_path)


def test_fsdp_keys_are_read_as_axolotl_reads_them() -> None:
    """Prefixes go, the version is inside."""
    values = {"fsdp_version": 2, "fsdp_config": {"fsdp_offload_params": True}}

    assert fsdp_of(values) == {"offload_params": True, "fsdp_version": 2}


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize(
    "values",
    [
        {"bf16": True},
        {"fsdp_version": 2, "fsdp_config": {"offload_params": True}, "dp_shard_size": 2},
        {"deepspeed": {"zero_optimization": {"stage": 1}}, "deepcompile": True},
    ],
    ids=["ddp", "fsdp", "zero1"],
)
def test_a_draft_asks_for_what_was_applied(values: dict[str, Any], strategy: Strategy) -> None:
    """Whatever was written, the draft then asks for the strategy, and for no other."""
    draft = Draft(values, given={})

    apply(draft, strategy)

    assert strategy_of(draft.values) is strategy
    assert bool(draft.get("deepspeed")) is strategy.deepspeed
    assert bool(draft.get("fsdp_config")) is (strategy is Strategy.FSDP)


def test_every_change_has_a_reason() -> None:
    """Each key that another strategy left behind is told."""
    draft = Draft({"fsdp_version": 2, "fsdp_config": {"offload_params": True}}, given={})

    apply(draft, Strategy.ZERO2)

    assert {item.key for item in draft.overrides} == {"fsdp_version", "fsdp_config", "deepspeed"}
    assert all("zero2" in item.reason for item in draft.overrides)


def test_what_is_asked_for_already_stays_as_written() -> None:
    """A person's own fsdp_config is not replaced."""
    draft = Draft({"fsdp_version": 2, "fsdp_config": {"offload_params": True}}, given={})

    apply(draft, Strategy.FSDP)

    assert draft.overrides == ()


def test_a_file_that_is_not_there_is_written_anew(tmp_path: Path) -> None:
    """The name of a missing file asks for nothing that could run."""
    draft = Draft({"deepspeed": "zero3.json", "bf16": True}, given={})

    apply(draft, Strategy.ZERO3, cwd=tmp_path)

    assert draft.get("deepspeed.zero_optimization.stage") == 3


@pytest.mark.parametrize(
    ("values", "bf16", "fp16"),
    [({"bf16": "auto"}, True, False), ({"fp16": True}, False, True), ({}, False, False)],
)
def test_zero_3_says_its_precision(values: dict[str, Any], bf16: bool, fp16: bool) -> None:
    """Nothing about the dtype of the weights is left to `auto`."""
    draft = Draft(values, given={})

    apply(draft, Strategy.ZERO3)

    assert draft.get("deepspeed.bf16.enabled") is bf16
    assert draft.get("deepspeed.fp16.enabled") is fp16
    assert draft.get("bf16") != "auto"


def test_a_quantized_model_is_loaded_by_every_rank() -> None:
    """FSDP2 refuses to deal out quantized weights from one rank."""
    draft = Draft({"load_in_4bit": True}, given={})

    apply(draft, Strategy.FSDP)

    assert draft.get("fsdp_config.cpu_ram_efficient_loading") is False


def test_a_deepspeed_config_survives_as_json() -> None:
    """What is written is plain JSON."""
    draft = Draft({"bf16": True}, given={})
    apply(draft, Strategy.ZERO2)

    found = deepspeed_of(json.loads(json.dumps(draft.values)))

    assert found is not None
    assert found.stage == 2
