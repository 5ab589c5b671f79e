"""``debug --memorize N``: a run that learns N samples by heart, for ``sanity`` to ask for.

What is trained stays the user's: template, tokens, mask, adapter. What makes learning general or
slow goes: decay, dropout, noise, schedules. A tiny model's random base is written into the run's
folder, since an adapter means nothing without the very weights that it was trained on.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.tiny.source import find_generation

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.runs.debug import DebugOptions
    from inspect_tool.runs.overrides.draft import Draft
    from inspect_tool.runs.tiny.source import Model

STEPS = 300
"""Most optimizer steps over all samples; ends earlier once every answer is learned."""
BATCH = 8
"""Most samples of one batch."""
PLUGIN = "inspect_tool.runs.memorizing.Memorizing"
BASE = "base"
"""Folder of the run in which a tiny model's config and, for adapters, its weights stand."""

TINY_RATE, ADAPTER_RATE, FULL_RATE = 0.005, 0.001, 0.0001
"""Learning rates: of a tiny random model, of an adapter on a real one, of a real one itself."""

_EMBEDDINGS = {
    "gpt_neox": ["embed_in", "embed_out"],
    "falcon": ["word_embeddings", "lm_head"],
    "bloom": ["word_embeddings", "lm_head"],
    **{key: ["wte", "lm_head"] for key in ("gpt2", "gptj", "gpt_bigcode", "codegen", "mpt")},
}
"""Names of the embedding and the output layer, where they are not those of most."""
_REGULAR = (
    "neftune_noise_alpha",
    "noisy_embedding_alpha",
    "label_smoothing_factor",
    "embedding_lr",
    "embedding_lr_scale",
    "lr_groups",
    "lr_div_factor",
    "cosine_min_lr_ratio",
    "cosine_constant_lr_ratio",
    "lr_scheduler_kwargs",
    "loraplus_lr_ratio",
    "loraplus_lr_embedding",
    "peft_init_lora_weights",
    "loftq_config",
    "optim_args",
    "optim_target_modules",
    "curriculum_sampling",
    "unfrozen_parameters",
)
_DROPOUTS = ("dropout", "pdrop", "drop_rate")


def refuse_unfit(draft: Draft, options: DebugOptions, *, evaluate: bool) -> None:
    """Raise InspectError where there is no answer to learn by heart."""
    kinds = {
        "rl": "trains preferences, which have no one answer to learn by heart",
        "reward_model": "trains a score, not answers",
        "process_reward_model": "trains scores, not answers",
        "pretraining_dataset": "streams its rows, so there are no few samples to learn by heart",
        "streaming": "streams its rows, so there are no few samples to learn by heart",
    }
    for key, why in kinds.items():
        if draft.get(key):
            raise InspectError(f"{key} {why}", place="--memorize", fix="leave out --memorize")
    if options.memorize is None or options.memorize < 1:
        raise InspectError("not a number of samples", place="--memorize", fix="--memorize 4")
    if evaluate:
        raise InspectError("--memorize evaluates nothing", fix="leave out --evaluate")
    if options.stage != "train":
        raise InspectError("--memorize trains", fix="leave out --stage preprocess")


def own_base(draft: Draft, model: Model, folder: Path, *, cwd: Path, like: bool) -> Model:
    """Move a tiny model into the run's folder, and take from it what makes learning noisy.

    The stops of the base model's generation_config.json go with it; an architecture by name
    (``like``) has none that would mean anything to another's tokenizer.
    """
    if model.tiny is None:
        return model
    found = {} if like else find_generation(model.tiny.name, cwd=cwd)
    tiny = replace(
        model.tiny,
        config=_calm(model.tiny.config),
        folder=folder / BASE / model.tiny.folder.name,
        generation=found,
    )
    reason = f"a tiny random {tiny.architecture}, in the run's folder: an adapter needs its base"
    draft.set("base_model", str(tiny.folder), reason)
    return replace(model, path=str(tiny.folder), tiny=tiny)


def overfit(draft: Draft, model: Model, *, samples: int, most: int | None) -> None:
    """Set what makes a model learn ``samples`` rows of each dataset by heart, mask untouched."""
    adapter = draft.get("adapter")
    real = ADAPTER_RATE if adapter else FULL_RATE
    heart = "learns by heart"
    draft.set("learning_rate", TINY_RATE if model.tiny else real, f"{heart} in few steps")
    draft.set("lr_scheduler", "constant", f"{heart}: the rate stays until the end")
    draft.set("adam_beta2", 0.95, f"{heart}: rare tokens do not throw it back")
    draft.set("weight_decay", 0.0, f"{heart}: nothing pulls the weights back")
    draft.set("warmup_steps", 0, f"{heart}: the rate is there from the start")
    if draft.get("optimizer") not in ("adamw_torch", "adamw_torch_fused"):
        draft.set("optimizer", "adamw_torch", f"{heart}, with any weights")
    draft.remove(f"{heart}: no noise, no other rates, no other start", *_REGULAR)
    datasets = draft.get("datasets")
    total = samples * (len(datasets) if isinstance(datasets, list) else 1)
    batch = min(total, BATCH)
    draft.set("micro_batch_size", batch, "the samples together, so that each step learns of all")
    draft.set("max_steps", most or STEPS * math.ceil(total / batch), "ends once all is learned")
    if adapter:
        draft.set("lora_dropout", 0.0, f"{heart}: nothing is left out by chance")
        if model.tiny is not None:
            _train_embeddings(draft, model.tiny.architecture)


def _train_embeddings(draft: Draft, architecture: str) -> None:
    written = draft.get("lora_modules_to_save")
    names = list(written) if isinstance(written, list) else []
    names += _EMBEDDINGS.get(architecture, ["embed_tokens", "lm_head"])
    reason = "on frozen random embeddings an adapter can learn nothing by heart"
    draft.set("lora_modules_to_save", list(dict.fromkeys(names)), reason)


def _calm(config: dict[str, Any]) -> dict[str, Any]:
    """Return a model's config without dropout and without losses beside that of the tokens.

    Outputs are not scaled down either: of a random model they are small, and learned slowly then.
    """
    calm = dict(config)
    for key, value in config.items():
        if isinstance(value, dict):
            calm[key] = _calm(value)
        elif isinstance(value, float) and value and key.endswith(_DROPOUTS):
            calm[key] = 0.0
    if calm.get("output_router_logits"):
        calm["output_router_logits"] = False
    if str(calm.get("model_type")).startswith("cohere"):
        calm["logit_scale"] = 1.0
    if calm.get("logits_scaling"):
        calm["logits_scaling"] = 1.0
    return calm
