"""Every rule there is, in the order in which findings of equal severity are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tool.scale.preflight.rules import (
    accelerate_default,
    accepted,
    adapter_seed,
    batch_size,
    best_model,
    bf16_auto,
    checkpointing,
    data_small,
    ddp_steps,
    deepspeed_file,
    deepspeed_match,
    deepspeed_use,
    disk,
    evaluation,
    fsdp_refused,
    fsdp_save,
    global_batch,
    gpus,
    last_batch,
    memory,
    mesh,
    offload,
    optimizer_steps,
    packs,
    prepared,
    quantized,
    sampler,
    shared_output,
    two_engines,
    unknown_key,
    variables,
    wrap_class,
    written,
    zero3_dtype,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.scale.preflight.case import Case, Unknown


@dataclass(frozen=True)
class Rule:
    """What may be found, by its codes, and how it is looked for."""

    codes: tuple[str, ...]
    look: Callable[[Case], Iterator[Finding | Unknown]]


RULES: Final[tuple[Rule, ...]] = tuple(
    Rule(module.CODES, module.look)
    for module in (
        accepted,
        written,
        unknown_key,
        two_engines,
        accelerate_default,
        variables,
        gpus,
        memory,
        mesh,
        wrap_class,
        fsdp_save,
        fsdp_refused,
        deepspeed_file,
        deepspeed_match,
        deepspeed_use,
        zero3_dtype,
        batch_size,
        data_small,
        packs,
        evaluation,
        last_batch,
        ddp_steps,
        prepared,
        checkpointing,
        best_model,
        quantized,
        offload,
        bf16_auto,
        shared_output,
        disk,
        global_batch,
        optimizer_steps,
        sampler,
        adapter_seed,
    )
)
