"""What makes a debug run short: few small steps, a fixed seed, nothing done on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_tool.runs.overrides.draft import Draft

MICRO_BATCH = 2
SEED = 42
HELD_OUT = 0.25
"""Share of the slice that is evaluated on, where evaluation is asked for."""

_WATCHING = (
    "eval_steps",
    "evals_per_epoch",
    "early_stopping_patience",
    "load_best_model_at_end",
    "metric_for_best_model",
    "greater_is_better",
    "loss_watchdog_threshold",
    "loss_watchdog_patience",
    "do_bench_eval",
    "bench_dataset",
    "do_causal_lm_eval",
    "eval_causal_lm_metrics",
    "eval_table_size",
    "eval_max_new_tokens",
    "generate_samples",
    "profiler_steps",
    "profiler_steps_start",
)
_SAVING = ("save_steps", "saves_per_epoch", "save_first_step", "dynamic_checkpoint")
_BY_LAYER = (
    "unfrozen_parameters",
    "peft_layers_to_transform",
    "peft_layers_pattern",
    "lora_layers_to_transform",
    "lisa_n_layers",
    "lisa_step_interval",
    "lisa_layers_attribute",
)
_PACKING = (
    "eval_sample_packing",
    "multipack_real_batches",
    "batch_flattening",
    "sample_packing_sequentially",
    "pad_to_sequence_len",
)
_GENERATED = {"num_generations": 2, "max_completion_length": 16}


def few_steps(draft: Draft, *, steps: int) -> None:
    """Few optimizer steps of small batches, each logged."""
    draft.set("max_steps", steps, "a few steps show what every step does")
    draft.set("num_epochs", 1, "max_steps ends it first")
    batch = draft.get("micro_batch_size")
    if not isinstance(batch, int) or isinstance(batch, bool) or not 0 < batch <= MICRO_BATCH:
        draft.set("micro_batch_size", MICRO_BATCH, "a batch that can be read, and fits anywhere")
    if draft.get("eval_batch_size"):
        draft.set("eval_batch_size", MICRO_BATCH, "as micro_batch_size")
    draft.remove("micro_batch_size says it", "batch_size")
    draft.set("gradient_accumulation_steps", 1, "every batch is one step")
    draft.set("logging_steps", 1, "every step is recorded")
    if draft.get("warmup_steps") or draft.get("warmup_ratio"):
        draft.remove("warmup_steps says it", "warmup_ratio")
        draft.set("warmup_steps", 0, "the first steps would train with almost no learning rate")
    for key in ("relora", "jagged_restart_steps", "jagged_restart_warmup_steps"):
        draft.remove("the run ends before a restart", key)
    if not isinstance(draft.get("seed"), int):
        draft.set("seed", SEED, "the same order and the same weights every time")


def batches(draft: Draft) -> None:
    """Rows as they are: a handful of them fills no pack, and axolotl would train nothing."""
    if draft.get("sample_packing"):
        draft.set("sample_packing", False, "too few rows fill a pack: it would train zero steps")
    if not draft.get("sample_packing"):
        draft.remove("belongs to packing", *_PACKING)
        if draft.get("pretraining_dataset") is None:
            draft.set("pad_to_sequence_len", False, "batches as long as their longest row")


def on_the_way(draft: Draft, *, evaluate: bool) -> None:
    """No evaluation unless it is asked for, no checkpoints, no watchdogs."""
    draft.remove("watches or evaluates longer than the run takes", *_WATCHING)
    draft.remove("eval_strategy says it", "evaluation_strategy")
    if not evaluate:
        draft.remove("no evaluation; --evaluate asks for it", "test_datasets", "eval_strategy")
        if draft.get("val_set_size"):
            draft.set("val_set_size", 0.0, "no evaluation; --evaluate asks for it")
    else:
        if not draft.get("test_datasets"):
            draft.set("val_set_size", HELD_OUT, "a few rows of the slice to evaluate on")
        draft.set("eval_strategy", "steps", "evaluates after the second step")
        draft.set("eval_steps", 2, "evaluates after the second step")
    draft.set("save_strategy", "no", "only the end is saved, in the run's folder")
    draft.remove("only the end is saved", *_SAVING)


def layers(draft: Draft) -> None:
    """A tiny model has other layers than the ones that are named by number."""
    draft.remove("names layers that a tiny model does not have", *_BY_LAYER)
    draft.remove("the end of the run reads no other weights", "merge_lora", "quantize_after")


def generation(draft: Draft) -> None:
    """Sampling methods (GRPO) generate few and short answers, in this process."""
    if draft.get("rl") not in ("grpo", "gdpo", "ebft"):
        return
    for key, small in _GENERATED.items():
        draft.set(f"trl.{key}", small, "short answers, and as many as one batch holds")
    if draft.get("trl.use_vllm"):
        draft.set("trl.use_vllm", False, "vLLM is another process on another GPU")
    draft.remove("vLLM is another process on another GPU", "vllm")
