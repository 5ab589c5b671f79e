"""Batch arithmetic: what one optimizer step holds on N processes, and how many steps there are.

The counting is that of axolotl 0.19 (utils/trainer.py calculate_total_num_steps and
core/builders/base.py) and of transformers 5 (trainer.py set_initial_training_values). Nothing is
imported from them: the numbers are needed at once, and for a machine that is not this one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GENERATING = ("grpo", "gdpo", "ebft")
"""Methods whose steps follow from what they generate; axolotl counts none for them."""


@dataclass(frozen=True)
class Shape:
    """Rows per micro batch, micro batches per step and process, processes that see other rows."""

    micro: int
    accumulation: int
    world: int

    @property
    def rows(self) -> int:
        """Rows in one optimizer step: the global batch."""
        return self.micro * self.accumulation * self.world


@dataclass(frozen=True)
class Rows:
    """One pass over the training rows. None: not known.

    ``tokens`` and ``trained`` count them all. ``bins`` are the packs of ``sequence_len`` tokens
    (or of ``micro`` times as many, where attention keeps the rows in one apart) that axolotl's own
    sampler makes; ``bins_exact`` False: the fewest that the tokens can fill.
    """

    rows: int
    tokens: int | None = None
    trained: int | None = None
    eval_rows: int | None = None
    bins: int | None = None
    eval_bins: int | None = None
    bins_exact: bool = False


@dataclass(frozen=True)
class Recipe:
    """What the YAML says of batches and steps, as axolotl reads it."""

    micro: int
    accumulation: int
    batch_size: int | None
    epochs: float
    max_steps: int | None
    packed: bool
    sequence_len: int
    real_batches: bool
    """``micro`` packs of ``sequence_len`` a batch; else one pack ``micro`` times as long."""
    warmup_steps: int | None
    warmup_ratio: float | None
    eval_every: float | None
    """Optimizer steps, or a share of all where below 1; None: not by steps."""
    eval_by_epoch: bool
    save_every: float | None
    save_by_epoch: bool
    drop_last: bool
    packing_efficiency: float | None
    splits: int
    """Processes that share one row: context parallel times tensor parallel."""
    counts_world: bool
    """False for ``ddp: false`` without FSDP: steps are then counted as for one process."""
    generating: bool
    learning_rate: float | None
    optimizer: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Recipe:
        """Read it from a config's values; what is no number counts as not written."""
        epochs = _number(values.get("num_epochs")) or 1.0
        evaluates = bool(_number(values.get("val_set_size")) or values.get("test_datasets"))
        eval_every = _every(values, "eval_steps", "evals_per_epoch", epochs) if evaluates else None
        save_every = _every(values, "save_steps", "saves_per_epoch", epochs)
        strategy = values.get("save_strategy")
        packed = bool(values.get("sample_packing"))
        return cls(
            micro=whole(values.get("micro_batch_size")) or 1,
            accumulation=accumulation_of(values),
            batch_size=whole(values.get("batch_size")),
            epochs=epochs,
            max_steps=whole(values.get("max_steps")),
            packed=packed,
            sequence_len=whole(values.get("sequence_len")) or 512,
            real_batches=_real_batches(values),
            warmup_steps=whole(values.get("warmup_steps"), zero=True),
            warmup_ratio=_number(values.get("warmup_ratio")),
            eval_every=eval_every,
            eval_by_epoch=evaluates and not eval_every and values.get("eval_strategy") == "epoch",
            save_every=save_every,
            save_by_epoch=not save_every and strategy in (None, "epoch"),
            drop_last=bool(values.get("dataloader_drop_last")),
            packing_efficiency=_number(values.get("sample_packing_eff_est")),
            splits=(whole(values.get("context_parallel_size")) or 1)
            * (whole(values.get("tensor_parallel_size")) or 1),
            counts_world=values.get("ddp") is not False
            or bool(values.get("fsdp") or values.get("fsdp_config")),
            generating=values.get("rl") in GENERATING,
            learning_rate=_number(values.get("learning_rate")),
            optimizer=str(values.get("optimizer") or ""),
        )

    def shape(self, processes: int) -> Shape:
        """Return the shape on ``processes``."""
        return Shape(self.micro, self.accumulation, max(processes // self.splits, 1))


@dataclass(frozen=True)
class Schedule:
    """What a run of one shape does; None: not known.

    ``updates`` are optimizer steps in one pass over the data, ``passes`` how often the data is
    really seen, ``evals`` and ``saves`` how often the run evaluates and saves.
    """

    processes: int
    shape: Shape
    steps: int | None = None
    updates: int | None = None
    warmup: int | None = None
    evals: int | None = None
    saves: int | None = None
    tokens: int | None = None
    trained: int | None = None

    @property
    def passes(self) -> float | None:
        """How often the data is seen, by the steps really made."""
        return self.steps / self.updates if self.steps is not None and self.updates else None

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/scale.json)."""
        return {
            "processes": self.processes,
            "micro": self.shape.micro,
            "accumulation": self.shape.accumulation,
            "world": self.shape.world,
            "global": self.shape.rows,
            "tokens_per_step": self.tokens,
            "trained_tokens_per_step": self.trained,
            "steps": self.steps,
            "steps_per_epoch": self.updates,
            "epochs": self.passes,
            "warmup_steps": self.warmup,
            "evals": self.evals,
            "saves": self.saves,
        }


def accumulation_of(values: Mapping[str, Any]) -> int:
    """Return the micro batches of one step on one process, as axolotl sets it; may be 0.

    ``batch_size`` counts only where ``gradient_accumulation_steps`` is written and empty: left out,
    the schema makes it 1 before ``batch_size`` is looked at (utils/config normalize_config).
    """
    written = values.get("gradient_accumulation_steps")
    batch_size = whole(values.get("batch_size"))
    if written is None and "gradient_accumulation_steps" in values and batch_size:
        return batch_size // (whole(values.get("micro_batch_size")) or 1)
    return whole(written) or 1


def schedule(recipe: Recipe, processes: int, rows: Rows | None) -> Schedule:
    """Return what a run on ``processes`` does with ``rows``, None where they are not known."""
    shape = recipe.shape(processes)
    empty = Schedule(processes, shape)
    total = steps = recipe.max_steps
    if rows is not None and not recipe.generating and shape.rows:
        counted = _total_steps(recipe, shape, rows)
        total = counted if total is None or counted is None else min(counted, total)
        steps = steps or counted
    if steps is None:
        return _with_tokens(empty, recipe, rows)
    scheduled = replace(
        empty,
        steps=steps,
        updates=_updates(recipe, shape, rows) if rows is not None else None,
        warmup=_warmup(recipe, total or steps),
    )
    passes = math.ceil(scheduled.passes) if scheduled.passes is not None else None
    return _with_tokens(
        replace(
            scheduled,
            evals=_times(recipe.eval_every, steps, passes if recipe.eval_by_epoch else 0, start=1),
            saves=_times(recipe.save_every, steps, passes if recipe.save_by_epoch else 0),
        ),
        recipe,
        rows,
    )


def micro_batches(recipe: Recipe, rows: Rows) -> int | None:
    """Return the micro batches in one pass over the data, before they are dealt to processes."""
    if not recipe.packed:
        whole = rows.rows // recipe.micro
        return whole if recipe.drop_last else math.ceil(rows.rows / recipe.micro)
    if rows.bins is None:
        return None
    return rows.bins // recipe.micro if recipe.real_batches else rows.bins


def fewest_bins(recipe: Recipe, tokens: int) -> int:
    """Return the fewest packs that ``tokens`` fill."""
    length = recipe.sequence_len * (1 if recipe.real_batches else recipe.micro)
    return math.ceil(tokens / length)


def _total_steps(recipe: Recipe, shape: Shape, rows: Rows) -> int | None:
    """Count the steps as axolotl's calculate_total_num_steps does, whatever really comes."""
    own = recipe.batch_size or shape.micro * shape.accumulation
    batch_size = own * (shape.world if recipe.counts_world else 1)
    if not recipe.packed:
        return math.ceil(rows.rows * recipe.epochs / batch_size)
    if recipe.packing_efficiency and rows.tokens:
        packs = 0.99 * rows.tokens / recipe.packing_efficiency / recipe.sequence_len
        return int((math.floor(packs // batch_size) - 1) * recipe.epochs)
    batches = micro_batches(recipe, rows)
    if batches is None:
        return None
    counted = math.floor(max(1, batches * shape.micro // batch_size) * recipe.epochs)
    return counted - math.ceil(recipe.epochs) if recipe.drop_last else counted


def _updates(recipe: Recipe, shape: Shape, rows: Rows) -> int | None:
    """Count the optimizer steps of one pass; 0 where a process gets no batch.

    Micro batches are dealt round; without packing the last round is filled up with repeated rows
    (accelerate data_loader.py BatchSamplerShard, even_batches), with packing it is dropped.
    """
    batches = micro_batches(recipe, rows)
    if batches is None or not shape.accumulation:
        return None
    dropped = recipe.packed or recipe.drop_last
    each = batches // shape.world if dropped else math.ceil(batches / shape.world)
    return math.ceil(each / shape.accumulation)


def _warmup(recipe: Recipe, total: int) -> int:
    """Follow core/builders/base.py _configure_warmup_and_logging."""
    if recipe.warmup_steps is not None:
        steps = recipe.warmup_steps
    elif recipe.warmup_ratio is not None:
        steps = max(int(recipe.warmup_ratio * total), 0)
    else:
        steps = min(int(0.03 * total), 100)
    return 2 if steps == 1 else steps


def _times(every: float | None, steps: int, passes: int | None, *, start: int = 0) -> int | None:
    """Count what happens every so many steps and once more at the end, or after each pass."""
    if every is None:
        return passes + start if passes else passes
    stride = math.ceil(steps * every) if every < 1 else int(every)
    return start + math.ceil(steps / stride) if stride else start


def _with_tokens(found: Schedule, recipe: Recipe, rows: Rows | None) -> Schedule:
    """Add the mean tokens of one step."""
    if rows is None or rows.tokens is None or not rows.rows:
        return found
    if recipe.packed:
        batches = micro_batches(recipe, rows)
        if not batches:
            return found
        share = min(found.shape.accumulation * found.shape.world / batches, 1.0)
    else:
        share = found.shape.rows / rows.rows
    trained = None if rows.trained is None else round(rows.trained * share)
    return replace(found, tokens=round(rows.tokens * share), trained=trained)


def _every(values: Mapping[str, Any], steps: str, per_epoch: str, epochs: float) -> float | None:
    """Follow normalize_config: so many times an epoch is a share of all steps, if below 1."""
    times = _number(values.get(per_epoch))
    if times and 1 / (times * epochs) < 1:
        return 1 / (times * epochs)
    return _number(values.get(steps)) or None


def _real_batches(values: Mapping[str, Any]) -> bool:
    written = values.get("multipack_real_batches")
    if isinstance(written, bool):
        return written
    if any(values.get(f"{name}_attention") for name in ("flash", "xformers", "flex", "sage")):
        return False
    return str(values.get("attn_implementation") or "eager") in ("eager", "sdpa")


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def whole(value: object, *, zero: bool = False) -> int | None:
    """Return a written number as a whole one; None for none above 0 (or 0 with ``zero``)."""
    number = _number(value)
    if number is None or number < 0 or (number < 1 and not (zero and number == 0)):
        return None
    return int(number)
