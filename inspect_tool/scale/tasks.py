"""What the axolotl worker is asked about many processes; heavy imports are inside the functions.

Rules that axolotl, accelerate or transformers have are theirs to apply: their own classes are
called with the fleet's size, and their words are handed on.
"""

from __future__ import annotations

import copy
import logging
import os
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import axolotl_at, first_line
from inspect_tool.scale.answers import Answers, FsdpFacts, ModelFacts
from inspect_tool.scale.schema_keys import unknown_keys
from inspect_tool.scale.strategy import fsdp_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from inspect_tool.scale.answers import Question

RESOLVED = (
    "attn_implementation",
    "attn_supports_packing",
    "eval_sample_packing",
    "fsdp_version",
    "multipack_real_batches",
    "sample_packing_bin_size",
    "sample_packing_group_size",
    "sample_packing_sequentially",
)
"""Values that axolotl fills in and that the arithmetic needs."""

_NEEDS_SM_80 = 80


def answer(question: Question) -> Answers:
    """Ask everything; what fails is among ``unasked`` with the library's words."""
    unasked: dict[str, str] = {}
    with axolotl_at(question.cwd, offline=True) as scratch:
        os.environ.update(WORLD_SIZE=str(question.processes), LOCAL_RANK="0", RANK="0")
        _forget(os.environ)
        cfg, refused, warnings = _validated(question.values, question, scratch)
        refused_translated = refused
        if question.written != question.values:
            _, refused, _ = _validated(question.written, question, scratch)
        os.environ["WORLD_SIZE"] = "1"
        facts, model = _model(question, scratch, unasked)
        return Answers(
            refused=refused,
            refused_translated=refused_translated,
            warnings=warnings,
            unknown_keys=tuple(unknown_keys(question.values)),
            resolved={key: cfg.get(key) for key in RESOLVED} if cfg is not None else {},
            model=facts,
            fsdp=_fsdp(question.values, model, unasked),
            deepspeed=_deepspeed(question, unasked),
            bins=_bins(cfg, question.lengths, shuffled=True, unasked=unasked),
            eval_bins=_bins(cfg, question.eval_lengths, shuffled=False, unasked=unasked),
            unasked=unasked,
        )


def _forget(environment: Any) -> None:
    """Take out what would answer in the YAML's place; the preflight names it by itself."""
    for name in list(environment):
        if name.startswith(("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_")):
            del environment[name]


def _validated(
    values: Mapping[str, Any], question: Question, scratch: Path
) -> tuple[Any, str, tuple[str, ...]]:
    """Run axolotl's validation as on the fleet's GPUs: the config, the refusal, the warnings."""
    import torch
    from axolotl.cli.config import prepare_plugins
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault

    raw = copy.deepcopy(dict(values))
    plugins = [name for name in raw.get("plugins") or [] if str(name).startswith("axolotl.")]
    raw.update(output_dir=str(scratch / "out"), plugins=plugins or None)
    raw.pop("trust_remote_code", None)
    ampere = int("0" + question.capability.removeprefix("sm_")) >= _NEEDS_SM_80
    capabilities = {
        "bf16": ampere,
        "tf32": ampere,
        "fp8": question.capability in ("sm_89", "sm_90", "sm_100", "sm_120"),
        "n_gpu": question.processes,
        "compute_capability": question.capability,
    }
    version = str(torch.__version__).split("+", maxsplit=1)[0]
    cfg = DictDefault(raw)
    with _warnings() as said:
        try:
            prepare_plugins(cfg)
            cfg = validate_config(
                cfg, capabilities=capabilities, env_capabilities={"torch_version": version}
            )
        except Exception as error:  # pydantic's, or whatever a plugin raises
            return None, first_line(error), tuple(said)
    return cfg, "", tuple(said)


@contextmanager
def _warnings() -> Iterator[dict[str, None]]:
    """Collect what axolotl's schemas warn of, each text once."""
    said: dict[str, None] = {}

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said[record.getMessage()] = None

    collector = Collector(logging.WARNING)
    names = [name for name in logging.root.manager.loggerDict if name.startswith("axolotl")]
    loggers = [logging.getLogger(name) for name in names if ".schemas" in name]
    for logger in loggers:
        logger.addHandler(collector)
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeHandler(collector)


def _model(
    question: Question, scratch: Path, unasked: dict[str, str]
) -> tuple[ModelFacts | None, Any]:
    """Build the base model's class without weights."""
    import json

    if question.model is None:
        unasked["model"] = "the base model's config.json is not on this machine"
        return None, None
    from accelerate import init_empty_weights
    from transformers import (
        AutoConfig,
        AutoModel,
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
    )

    folder = scratch / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(question.model))
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:
        unasked["model"] = first_line(error)
        return None, None
    for kind in (AutoModelForCausalLM, AutoModelForImageTextToText, AutoModel):
        try:
            with init_empty_weights():
                model = kind.from_config(config, trust_remote_code=False)
        except Exception as error:
            unasked["model"] = first_line(error)
            continue
        unasked.pop("model", None)
        return _facts(model), model
    return None, None


def _facts(model: Any) -> ModelFacts:
    return ModelFacts(
        classes=tuple(sorted({type(module).__name__ for module in model.modules()})),
        no_split=tuple(sorted(getattr(model, "_no_split_modules", None) or ())),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


def _fsdp(values: Mapping[str, Any], model: Any, unasked: dict[str, str]) -> FsdpFacts | None:
    """Build accelerate's plugin as axolotl and the trainer do, and let it look for its layers.

    Axolotl sets variables (utils/trainer.py) and hands ``fsdp_config`` to the training arguments
    (core/builders/base.py), which make the plugin's arguments of it.
    """
    written = fsdp_of(values)
    if not written:
        return None
    from accelerate import FullyShardedDataParallelPlugin
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.trainer import setup_fsdp_envs
    from transformers import TrainingArguments

    arguments = SimpleNamespace(
        fsdp=values.get("fsdp") or True, fsdp_config=dict(written), gradient_checkpointing=False
    )
    arguments._apply_legacy_fsdp_to_config = TrainingArguments._apply_legacy_fsdp_to_config  # noqa: SLF001
    try:
        setup_fsdp_envs(DictDefault(fsdp_version=written["fsdp_version"], fsdp_config=written))
        asked = TrainingArguments._process_fsdp_args(arguments)  # noqa: SLF001
        os.environ.pop("FSDP_SYNC_MODULE_STATES", None)
        without_gpu = {"sync_module_states": False, "cpu_ram_efficient_loading": False}
        plugin = FullyShardedDataParallelPlugin(**{**asked, **_known(asked, without_gpu)})
    except Exception as error:
        return FsdpFacts(problem=f"{type(error).__name__}: {first_line(error)}")
    facts = FsdpFacts(
        version=plugin.fsdp_version,
        reshard=plugin.reshard_after_forward is not False,
        wraps=plugin.auto_wrap_policy is not None,
        state_dict=getattr(plugin.state_dict_type, "name", str(plugin.state_dict_type)),
    )
    if model is None:
        unasked["fsdp"] = unasked.get("model", "")
        return facts
    try:
        plugin.set_auto_wrap_policy(model)
    except Exception as error:
        return replace(facts, problem=first_line(error))
    return facts


def _known(given: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of ``others`` that ``given`` has too."""
    return {key: value for key, value in others.items() if key in given}


def _deepspeed(question: Question, unasked: dict[str, str]) -> tuple[str, ...] | None:
    """Let DeepSpeed and transformers read the DeepSpeed config, where DeepSpeed is installed."""
    if question.deepspeed is None:
        return None
    from importlib.util import find_spec

    if find_spec("deepspeed") is None:
        unasked["deepspeed"] = "deepspeed is not installed here"
        return None
    from inspect_tool.scale.deepspeed_task import problems

    return problems(
        question.values, question.deepspeed, model=question.model, processes=question.processes
    )


def _bins(
    cfg: Any, lengths: NDArray[np.int32] | None, *, shuffled: bool, unasked: dict[str, str]
) -> int | None:
    """Count the packs that axolotl's own sampler makes of rows in one order."""
    if cfg is None or lengths is None or not cfg.sample_packing:
        return None
    import torch
    from axolotl.utils.samplers import MultipackBatchSampler
    from torch.utils.data import RandomSampler, SequentialSampler

    real = cfg.multipack_real_batches
    real = not cfg.attn_supports_packing if real is None else real
    torch.manual_seed(cfg.seed or 42)
    rows = range(len(lengths))
    try:
        sampler = MultipackBatchSampler(
            RandomSampler(rows)
            if shuffled and not cfg.curriculum_sampling
            else SequentialSampler(rows),
            batch_size=1,
            batch_max_len=cfg.sequence_len * (1 if real else cfg.micro_batch_size),
            lengths=lengths,
            bin_size=cfg.sample_packing_bin_size,
            group_size=cfg.sample_packing_group_size or 100_000,
            sequential=bool(cfg.sample_packing_sequentially),
            num_processes=1,
        )
        return len(sampler.generate_batches())
    except Exception as error:
        unasked["packing"] = first_line(error)
        return None
