"""The preflight: each rule finds its mistake, names key and fix, and is silent without it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.findings import Finding
from inspect_tool.runs.doctor.machine import Gpu
from inspect_tool.scale.answers import Answers, FsdpFacts, UnknownKey
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.preflight.registry import RULES
from inspect_tool.scale.preflight.run import preflight
from tests.axolotl_runs import ROOT
from tests.scale.cases import (
    ANSWERED,
    AROUND,
    FSDP,
    UNPREPARED,
    ZERO3,
    accelerate,
    case,
    found,
    fsdp,
    packed,
    rows,
    variable,
    zero,
)

if TYPE_CHECKING:
    from inspect_tool.scale.preflight.case import Case

MISTAKES: dict[str, tuple[Case, str]] = {
    "P-AXOLOTL": (case(answers=replace(ANSWERED, refused="no")), "error"),
    "P-AXOLOTL-HINT": (case(answers=replace(ANSWERED, warnings=("hm",))), "info"),
    "P-YAML-DUPLICATE": (
        replace(case(), doubts=(Finding("P-YAML-DUPLICATE", "warning", "seed"),)),
        "warning",
    ),
    "P-OLD-KEY": (
        replace(case(), doubts=(Finding("P-OLD-KEY", "warning", "rpo_alpha"),)),
        "warning",
    ),
    "P-UNKNOWN-KEY": (
        case(
            answers=replace(ANSWERED, unknown_keys=(UnknownKey("lerning_rate", "learning_rate"),))
        ),
        "warning",
    ),
    "P-FSDP-DEEPSPEED": (case(**FSDP, **ZERO3), "error"),
    "P-STALE-ACCEL": (case(around=accelerate(num_processes=1)), "error"),
    "P-ENV": (case(around=variable("ACCELERATE_USE_FSDP")), "error"),
    "P-GPUS": (
        case(elsewhere=False, around=replace(AROUND, gpus=(Gpu("A100", 81920, "550"),) * 4)),
        "error",
    ),
    "P-CPU-PROCESSES": (case(elsewhere=False), "info"),
    "P-MESH": (case(**FSDP, dp_shard_size=4, dp_replicate_size=4), "error"),
    "P-FSDP-WRAP": (case(**fsdp(transformer_layer_cls_to_wrap="LlamaDecoderLayer")), "error"),
    "P-FSDP-SAVE": (
        case(**fsdp(state_dict_type="SHARDED_STATE_DICT"), save_strategy="no"),
        "error",
    ),
    "P-FSDP-REFUSED": (
        case(**FSDP, answers=replace(ANSWERED, fsdp=FsdpFacts(problem="KeyError: TRUE"))),
        "error",
    ),
    "P-DS-FILE": (case(deepspeed="deepspeed_configs/zero3.json"), "error"),
    "P-DS-BATCH": (case(**zero(train_micro_batch_size_per_gpu=8)), "error"),
    "P-DS-AUTO": (case(**zero(steps_per_print="auto")), "warning"),
    "P-DS-MISSING": (
        case(**ZERO3, elsewhere=False, around=replace(AROUND, has_deepspeed=False)),
        "warning",
    ),
    "P-DS-ONE": (case(**ZERO3, processes=1), "warning"),
    "P-ZERO3-DTYPE": (case(**zero(bf16=...)), "error"),
    "P-BATCH-SIZE": (case(batch_size=16, gradient_accumulation_steps=...), "error"),
    "P-DATA-SMALL": (case(data=rows(9)), "error"),
    "P-PACK-SMALL": (
        case(sample_packing=True, data=rows(9), flash_attention=True, answers=packed(4)),
        "error",
    ),
    "P-EVAL-SMALL": (
        case(sample_packing=True, flash_attention=True, answers=packed(900, evals=3)),
        "error",
    ),
    "P-LAST-BATCH": (case(data=rows(10_001)), "info"),
    "P-DDP-STEPS": (case(ddp=False), "error"),
    "P-PREP-TIMEOUT": (case(data=UNPREPARED), "warning"),
    "P-CHECKPOINTING": (
        case(**fsdp(activation_checkpointing=True), gradient_checkpointing=True),
        "error",
    ),
    "P-SAVE-BEST": (
        case(**FSDP, save_only_model=True, save_steps=10, eval_steps=10, val_set_size=0.1),
        "error",
    ),
    "P-QUANT-SHARD": (case(**FSDP, adapter="lora", load_in_8bit=True), "error"),
    "P-OFFLOAD": (case(**fsdp(offload_params=True), optimizer="adamw_bnb_8bit"), "warning"),
    "P-BF16": (case(bf16="auto", capability="sm_75"), "warning"),
    "P-SHARED-OUTPUT": (case(nodes=2), "warning"),
    "P-GLOBAL-BATCH": (case(reference=1), "warning"),
    "P-STEPS": (case(reference=1, warmup_steps=20), "info"),
    "P-SAMPLER": (case(accelerator_config={"dispatch_batches": True}), "error"),
    "P-ADAPTER-SEED": (case(adapter="lora", seed=42), "info"),
}
"""One mistake for each code, and how severe it is."""

OF_THE_MODEL = {"P-MEMORY", "P-DISK"}
"""Codes whose mistake needs an estimate; test_answers.py has one."""


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_found(code: str) -> None:
    """It is found with its severity, a reason and, unless it only remarks, a way out."""
    looked, severity = MISTAKES[code]
    findings = found(looked, code)

    assert severity in {finding.severity for finding in findings}
    assert all(finding.message for finding in findings)
    assert all(finding.fix for finding in findings if finding.severity != "info" and finding.key)


@pytest.mark.parametrize("keys", [{}, FSDP, ZERO3], ids=["ddp", "fsdp", "zero3"])
def test_a_sound_config_has_no_finding(keys: dict[str, Any]) -> None:
    """Nothing is said of a config that nothing is wrong with."""
    assert preflight(case(**keys)).findings == ()


def test_every_rule_has_its_mistake() -> None:
    """No code is left untested."""
    codes = [code for rule in RULES for code in rule.codes]

    assert set(codes) == {*MISTAKES, *OF_THE_MODEL}
    assert max(Counter(codes).values()) == 1


def test_every_code_is_documented_once() -> None:
    """docs/preflight.md lists the registry's codes."""
    text = (ROOT / "docs" / "preflight.md").read_text("utf-8")
    listed = re.findall(r"^\| (P-[A-Z0-9-]+) \|", text, re.MULTILINE)

    assert sorted(listed) == sorted(code for rule in RULES for code in rule.codes)


UNDECIDED: dict[str, Case] = {
    "P-AXOLOTL": case(answers=None),
    "P-UNKNOWN-KEY": case(answers=None),
    "P-FSDP-WRAP": case(**fsdp(transformer_layer_cls_to_wrap="X"), answers=Answers()),
    "P-FSDP-REFUSED": case(**FSDP, answers=None),
    "P-GPUS": case(elsewhere=False),
    "P-DATA-SMALL": case(data=UNPREPARED),
    "P-PACK-SMALL": case(sample_packing=True, data=UNPREPARED),
    "P-EVAL-SMALL": case(sample_packing=True, data=replace(UNPREPARED, has_eval=True)),
    "P-DISK": case(),
    "P-MEMORY": case(),
}


@pytest.mark.parametrize("code", UNDECIDED)
def test_what_cannot_be_decided_is_listed(code: str) -> None:
    """With the reason, and not among the rules that were."""
    looked = preflight(UNDECIDED[code])

    assert looked.unknown[code]
    assert code not in looked.run


def test_one_process_needs_no_preflight_for_many() -> None:
    """On one process most rules have nothing to say."""
    assert preflight(case(processes=1)).findings == ()


def test_the_right_layer_is_suggested() -> None:
    """The fix of a wrong wrap class is the model's own."""
    (finding,) = found(MISTAKES["P-FSDP-WRAP"][0], "P-FSDP-WRAP")

    assert finding.fix.startswith("MistralDecoderLayer")


def test_the_worst_comes_first() -> None:
    """Errors, then warnings, then remarks."""
    looked = case(reference=1, warmup_steps=9, ddp=False)
    severities = [finding.severity for finding in preflight(looked).findings]

    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert len(set(severities)) == 3


def test_a_fleet_is_what_the_rules_count() -> None:
    """The case's arithmetic is that of its fleet."""
    assert case(processes=16, nodes=2).schedule.shape.world == Fleet(16, 2).processes
