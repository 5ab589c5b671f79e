"""LoRA put on a model by peft itself: which tensors it adds, whatever the targets say."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.memory.modules import plain_name
from inspect_tool.scale.memory.shape import Tensors

if TYPE_CHECKING:
    from inspect_tool.scale.memory.shape import Variant


def adapt(model: Any, variant: Variant) -> Any:
    """Put adapters on ``model``, in float32 as peft keeps them; raises what peft raises.

    Experts take no dropout: axolotl lets peft leave it out there (loaders/adapter.py).
    """
    import torch
    from peft import LoraConfig, get_peft_model

    wanted = LoraConfig(
        r=variant.rank,
        lora_dropout=0.05 if variant.dropout else 0.0,
        target_modules=peft_targets(variant.targets),
    )
    try:
        with torch.device("meta"):
            adapted = get_peft_model(model, wanted, autocast_adapter_dtype=False)
    except ValueError as error:
        if not variant.dropout or "ParamWrapper" not in str(error):
            raise
        raise DropoutError from error
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted


def peft_targets(targets: tuple[str, ...]) -> str | list[str]:
    """Return targets as peft takes them: names as a list, a pattern or ``all-linear`` alone."""
    if len(targets) == 1 and not re.fullmatch(r"[\w.]+", targets[0]):
        return targets[0]
    return list(targets)


class DropoutError(Exception):
    """Some target takes no dropout; the same variant without it is near."""


def adapters_of(model: Any, variant: Variant) -> tuple[Tensors, ...]:
    """Return the tensors that peft adds to ``model``, which is changed."""
    if not variant.targets:
        return ()
    try:
        adapted = adapt(model, variant)
    except DropoutError:
        adapted = adapt(model, replace(variant, dropout=False))
    found = Counter(
        (plain_name(name), tuple(parameter.shape))
        for name, parameter in adapted.named_parameters()
        if parameter.requires_grad
    )
    return tuple(
        Tensors(name, shape, count, "other", block=True) for (name, shape), count in found.items()
    )
