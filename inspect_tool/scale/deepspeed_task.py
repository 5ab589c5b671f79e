"""What DeepSpeed's and transformers' own classes say of a DeepSpeed config. Runs in the worker.

Only where the deepspeed package is installed; no process group and no GPU is needed.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import first_line
from inspect_tool.scale.batch import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEPS = 100
"""Stands in for the number of steps, which only a scheduler of DeepSpeed's own looks at."""


def problems(
    values: Mapping[str, Any],
    content: Mapping[str, Any],
    *,
    model: Mapping[str, Any] | None,
    processes: int,
) -> tuple[str, ...]:
    """Return what transformers and DeepSpeed refuse, in their words; empty where they agree."""
    return tuple(_problems(values, content, model=model or {}, processes=processes))


def _problems(
    values: Mapping[str, Any],
    content: Mapping[str, Any],
    *,
    model: Mapping[str, Any],
    processes: int,
) -> Iterator[str]:
    from deepspeed.runtime.config import DeepSpeedConfig
    from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

    arguments = _arguments(values, processes)
    filled = dict(content)
    try:
        ours = HfTrainerDeepSpeedConfig(copy.deepcopy(filled))
        ours.trainer_config_process(arguments)
        filled = ours.config
        shape = SimpleNamespace(**{"hidden_size": 4096, **dict(model.get("text_config") or model)})
        ours.trainer_config_finalize(arguments, SimpleNamespace(config=shape), STEPS)
    except Exception as error:  # ValueError for what differs, others for what is malformed
        yield " ".join(str(error).split()) or first_line(error)
    # Transformers has just held the product against the world; here DeepSpeed knows of one process.
    filled.pop("train_batch_size", None)
    try:
        DeepSpeedConfig(copy.deepcopy(filled))
    except Exception as error:
        yield first_line(error)


def _arguments(values: Mapping[str, Any], processes: int) -> SimpleNamespace:
    """Return the training arguments that transformers compares, as axolotl would set them."""
    recipe = Recipe.of(values)
    bf16 = bool(values.get("bf16") or values.get("bfloat16"))
    norm = values.get("max_grad_norm")
    return SimpleNamespace(
        world_size=processes,
        per_device_train_batch_size=recipe.micro,
        gradient_accumulation_steps=recipe.accumulation,
        max_grad_norm=1.0 if norm is None else norm,
        learning_rate=recipe.learning_rate,
        adam_beta1=values.get("adam_beta1") or 0.9,
        adam_beta2=values.get("adam_beta2") or 0.999,
        adam_epsilon=values.get("adam_epsilon") or 1e-8,
        weight_decay=values.get("weight_decay") or 0.0,
        save_on_each_node=False,
        fp16=bool(values.get("fp16")) and not bf16,
        fp16_full_eval=False,
        bf16=bf16,
        bf16_full_eval=False,
        get_warmup_steps=lambda steps: recipe.warmup_steps or int(0.03 * steps),
    )
