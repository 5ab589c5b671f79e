"""Cases for the preflight's rules: a config that nothing is wrong with, and changes to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.answers import Answers, FsdpFacts, ModelFacts
from inspect_tool.scale.batch import Rows
from inspect_tool.scale.data import Data
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.packing import with_bins
from inspect_tool.scale.preflight.case import Case
from inspect_tool.scale.preflight.run import preflight
from inspect_tool.scale.strategy import strategy_of
from inspect_tool.scale.surroundings import AccelerateDefault, Surroundings

if TYPE_CHECKING:
    from inspect_tool.findings import Finding

SOUND: dict[str, Any] = {
    "base_model": "org/model",
    "datasets": [{"path": "rows.jsonl", "type": "alpaca"}],
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 4,
    "num_epochs": 3,
    "learning_rate": 1e-4,
    "optimizer": "adamw_torch",
    "sequence_len": 512,
    "bf16": True,
}
MODEL = ModelFacts(("Linear", "MistralDecoderLayer"), ("MistralDecoderLayer",), 7_000_000_000)
FSDP: dict[str, Any] = {
    "fsdp_version": 2,
    "fsdp_config": {
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "reshard_after_forward": True,
        "state_dict_type": "FULL_STATE_DICT",
    },
}
ZERO3: dict[str, Any] = {
    "deepspeed": {
        "zero_optimization": {"stage": 3},
        "bf16": {"enabled": True},
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
    }
}
ANSWERED = Answers(model=MODEL, fsdp=FsdpFacts())
PREPARED = Data(rows=Rows(10_000, tokens=2_000_000, trained=900_000, eval_rows=100), has_eval=True)
AROUND = Surroundings(has_deepspeed=True, free=10**15)


def case(
    *,
    processes: int = 8,
    nodes: int = 1,
    data: Data = PREPARED,
    around: Surroundings = AROUND,
    answers: Answers | None = ANSWERED,
    elsewhere: bool = True,
    capability: str = "sm_90",
    reference: int | None = None,
    **keys: Any,
) -> Case:
    """The sound config with ``keys`` changed, on a fleet of named GPUs that it is tuned for."""
    values = {key: value for key, value in {**SOUND, **keys}.items() if value is not ...}
    fleet = Fleet(processes, nodes, strategy_of(values, cwd=Path("/nowhere")))
    return with_bins(
        Case(
            values=values,
            fleet=fleet,
            cwd=Path("/nowhere"),
            data=data,
            surroundings=around,
            answers=answers,
            elsewhere=elsewhere,
            capability=capability,
            reference=reference or processes,
        )
    )


def fsdp(**keys: Any) -> dict[str, Any]:
    """The sound FSDP keys with some of ``fsdp_config`` changed; ``...`` takes one out."""
    inside = {**FSDP["fsdp_config"], **keys}
    return {**FSDP, "fsdp_config": {key: item for key, item in inside.items() if item is not ...}}


def zero(**keys: Any) -> dict[str, Any]:
    """The sound ZeRO-3 config with some keys changed; ``...`` takes one out."""
    inside = {**ZERO3["deepspeed"], **keys}
    return {"deepspeed": {key: item for key, item in inside.items() if item is not ...}}


def found(looked: Case, code: str) -> list[Finding]:
    """What a rule finds in a case."""
    return [finding for finding in preflight(looked).findings if finding.code == code]


def rows(count: int, *, data: Data = PREPARED, **others: Any) -> Data:
    """Prepared data with so many training rows."""
    assert data.rows is not None
    return replace(data, rows=replace(data.rows, rows=count, **others))


FILE = Path("/home/someone/.cache/huggingface/accelerate/default_config.yaml")
UNPREPARED = Data("not prepared yet")


def accelerate(**content: Any) -> Surroundings:
    """Surroundings with a default accelerate config of eight processes, changed."""
    sound = {"distributed_type": "MULTI_GPU", "num_processes": 8, "num_machines": 1}
    return replace(AROUND, accelerate=AccelerateDefault(FILE, {**sound, **content}))


def variable(name: str, value: str = "true") -> Surroundings:
    """Surroundings with one variable set."""
    return replace(AROUND, variables={name: value})


def packed(bins: int, *, evals: int | None = None) -> Answers:
    """Answers of a sampler that made so many packs, one a batch."""
    resolved = {"attn_supports_packing": True}
    return replace(ANSWERED, bins=bins, eval_bins=evals, resolved=resolved)
