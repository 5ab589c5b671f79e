"""Which strategy a config asks for, and the keys that ask axolotl 0.19 for another one.

What a person wrote for the strategy that is wanted stays theirs; only another strategy's keys are
written anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.bases import absolute
from inspect_tool.scale.fleet import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.runs.overrides.draft import Draft

FSDP_KEYS = ("fsdp", "fsdp_config", "fsdp_version", "fsdp_final_state_dict_type")
DEEPSPEED_KEYS = ("deepspeed", "deepcompile")
MESH_KEYS = ("dp_shard_size", "dp_replicate_size")
STAGES = {1: Strategy.ZERO1, 2: Strategy.ZERO2, 3: Strategy.ZERO3}

_STAGE_IN_NAME = re.compile(r"zero[-_]?([123])", re.IGNORECASE)
_AUTO = (
    "gradient_accumulation_steps",
    "gradient_clipping",
    "train_batch_size",
    "train_micro_batch_size_per_gpu",
)
"""What transformers fills in from the YAML, so that the two cannot disagree."""


@dataclass(frozen=True)
class DeepSpeedConfig:
    """What ``deepspeed:`` names: its content, or why there is none. ``file`` None: in the YAML."""

    content: Mapping[str, Any] | None
    file: Path | None = None
    problem: str = ""

    @property
    def stage(self) -> int | None:
        """The ZeRO stage; 0 where none is written, None where nothing can be read."""
        if self.content is None:
            found = _STAGE_IN_NAME.search(self.file.name) if self.file else None
            return int(found[1]) if found else None
        zero = self.content.get("zero_optimization")
        stage = zero.get("stage", 0) if isinstance(zero, dict) else 0
        return stage if isinstance(stage, int) and 0 <= stage <= 3 else None


def strategy_of(values: Mapping[str, Any], *, cwd: Path | None = None) -> Strategy:
    """Return the strategy that a config's values ask for; DDP where they ask for none.

    Paths start from ``cwd``. A DeepSpeed file that is not there is judged by its name
    (``zero3_bf16.json``), as axolotl's own files are called. FSDP counts before DeepSpeed, as in
    axolotl (utils/trainer.py, prepare_optim_env). Raises InspectError where the stage cannot be
    told.
    """
    if values.get("fsdp") or values.get("fsdp_config"):
        return Strategy.FSDP
    given = deepspeed_of(values, cwd=cwd)
    if given is None:
        return Strategy.DDP
    if given.stage is None:
        raise InspectError(
            f"the ZeRO stage is not known: {given.problem or 'stage is none of 0, 1, 2 and 3'}",
            place=f"deepspeed: {given.file or 'in the config'}",
            fix="--strategy zero2 says it",
        )
    return STAGES.get(given.stage, Strategy.DDP)


def deepspeed_of(values: Mapping[str, Any], *, cwd: Path | None = None) -> DeepSpeedConfig | None:
    """Read what ``deepspeed:`` names, None where it names nothing; never raises."""
    written = values.get("deepspeed")
    if not written:
        return None
    if isinstance(written, dict):
        return DeepSpeedConfig(written)
    file = absolute(str(written), base=cwd or Path.cwd())
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return DeepSpeedConfig(None, file, "there is no such file")
    except (OSError, ValueError, RecursionError) as error:
        return DeepSpeedConfig(None, file, f"it cannot be read ({error})")
    if not isinstance(content, dict):
        return DeepSpeedConfig(None, file, "it holds no JSON object")
    return DeepSpeedConfig(content, file)


def fsdp_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``fsdp_config`` as axolotl reads it: no ``fsdp_`` prefixes, the version inside.

    Empty where FSDP is not asked for; the version is 1 where none is written (validation.py,
    check_fsdp_version_in_fsdp_config).
    """
    written = values.get("fsdp_config")
    if not written and not values.get("fsdp"):
        return {}
    plain = {
        key if key == "fsdp_version" else str(key).removeprefix("fsdp_"): value
        for key, value in (written.items() if isinstance(written, dict) else ())
    }
    inside = plain.pop("fsdp_version", None) or plain.pop("version", None)
    plain["fsdp_version"] = values.get("fsdp_version") or inside or 1
    return plain


def apply(draft: Draft, strategy: Strategy, *, cwd: Path | None = None) -> None:
    """Make ``draft`` ask for ``strategy``; its overrides say which keys changed and why.

    A draft that asks for it already stays as written, save for keys of a second strategy. Precision
    is read from the draft, so it must be final.
    """
    reason = f"the run uses {strategy}"
    as_written = _is_asked(draft.values, strategy, cwd=cwd)
    if strategy is not Strategy.FSDP:
        draft.remove(reason, *FSDP_KEYS, *MESH_KEYS)
    if not strategy.deepspeed:
        draft.remove(reason, *DEEPSPEED_KEYS)
    if as_written or strategy is Strategy.DDP:
        return
    if strategy is Strategy.FSDP:
        draft.set("fsdp_version", 2, f"{reason}; version 1 is deprecated")
        draft.set("fsdp_config", fsdp_config(draft.values), reason)
        return
    if draft.get("bf16") == "auto" and strategy is Strategy.ZERO3:
        draft.set("bf16", True, "ZeRO-3 makes the weights before `auto` is resolved")
    draft.set("deepspeed", zero_config(draft.values, strategy), reason)


def fsdp_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an ``fsdp_config`` for FSDP2 that shards everything.

    It names no class to wrap: accelerate then takes the model's own ``_no_split_modules``.
    Quantized weights cannot be loaded on one rank and dealt out (validation.py,
    check_fsdp2_cpu_ram_efficient_loading_w_4bit).
    """
    quantized = bool(values.get("load_in_4bit") or values.get("load_in_8bit"))
    return {
        "reshard_after_forward": True,
        "offload_params": False,
        "cpu_ram_efficient_loading": not quantized,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "state_dict_type": "FULL_STATE_DICT",
    }


def zero_config(values: Mapping[str, Any], strategy: Strategy) -> dict[str, Any]:
    """Return a DeepSpeed config for one stage, precision explicit, sizes left to the YAML.

    Under ZeRO-3 weights are made before transformers fills in ``auto``, and without an explicit
    ``bf16`` they are float32.
    """
    stage = next(number for number, name in STAGES.items() if name is strategy)
    zero: dict[str, Any] = {"stage": stage, "overlap_comm": True, "contiguous_gradients": True}
    if strategy is Strategy.ZERO3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    bf16 = values.get("bf16") or values.get("bfloat16")
    fp16 = (values.get("fp16") or values.get("float16")) and not bf16
    return {
        "zero_optimization": zero,
        "bf16": {"enabled": bool(bf16)},
        "fp16": {"enabled": bool(fp16)},
        **dict.fromkeys(_AUTO, "auto"),
    }


def _is_asked(values: Mapping[str, Any], strategy: Strategy, *, cwd: Path | None) -> bool:
    if strategy is Strategy.FSDP:
        return bool(values.get("fsdp_config"))
    given = deepspeed_of(values, cwd=cwd)
    stage = given.stage if given is not None and given.content is not None else None
    return STAGES.get(stage or 0) is strategy
