"""Batch arithmetic, as axolotl and transformers count."""

from __future__ import annotations

from typing import Any

import pytest

from inspect_tool.scale.advice import LINEAR, NO_CHANGE, ROOT, same_view
from inspect_tool.scale.batch import Recipe, Rows, accumulation_of, schedule

YAML = {
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 4,
    "num_epochs": 3,
    "learning_rate": 1e-4,
    "optimizer": "adamw_torch",
    "sequence_len": 100,
}


def recipe(**keys: Any) -> Recipe:
    """A recipe of the YAML above with other keys."""
    return Recipe.of({**YAML, **keys})


@pytest.mark.parametrize(("processes", "rows", "steps"), [(1, 8, 38), (2, 16, 19), (8, 64, 5)])
def test_the_global_batch_grows_with_the_processes(processes: int, rows: int, steps: int) -> None:
    """Micro x accumulation x processes, and so many fewer steps: ceil(100 x 3 / rows)."""
    found = schedule(recipe(), processes, Rows(100))

    assert (found.shape.rows, found.steps) == (rows, steps)


@pytest.mark.parametrize(
    ("written", "accumulation"),
    [
        ({}, 1),
        ({"gradient_accumulation_steps": 4}, 4),
        ({"gradient_accumulation_steps": None}, 1),
        ({"batch_size": 8}, 1),
        ({"batch_size": 8, "gradient_accumulation_steps": None}, 4),
        ({"batch_size": 1, "gradient_accumulation_steps": None}, 0),
        ({"batch_size": 5, "gradient_accumulation_steps": None}, 2),
    ],
)
def test_accumulation_is_what_axolotl_makes_of_it(
    written: dict[str, Any], accumulation: int
) -> None:
    """batch_size alone changes no accumulation; beside an empty key it does."""
    assert accumulation_of({"micro_batch_size": 2, **written}) == accumulation


def test_tokens_of_a_step_are_the_mean() -> None:
    """100 rows of 1,000 tokens, 400 of them trained, 16 rows a step."""
    found = schedule(recipe(), 2, Rows(100, tokens=1000, trained=400))

    assert (found.tokens, found.trained) == (160, 64)


def test_steps_counted_and_steps_in_the_data_may_differ() -> None:
    """3 epochs of 10 rows by 16 are 2 steps to axolotl; the data holds 1, so it is seen twice."""
    found = schedule(recipe(num_epochs=3), 2, Rows(10))

    assert (found.steps, found.updates, found.passes) == (2, 1, 2.0)


@pytest.mark.parametrize(
    ("keys", "warmup"),
    [
        ({"warmup_steps": 20}, 20),
        ({"warmup_steps": 1}, 2),
        ({"warmup_steps": 0}, 0),
        ({"warmup_ratio": 0.1}, 30),
        ({}, 9),
    ],
)
def test_warmup(keys: dict[str, Any], warmup: int) -> None:
    """Steps as written, a share of all, or 3% of all; 1 becomes 2."""
    assert schedule(recipe(**keys), 1, Rows(800)).warmup == warmup


@pytest.mark.parametrize(
    ("keys", "evals"),
    [
        ({}, 0),
        ({"val_set_size": 0.1}, 0),
        ({"val_set_size": 0.1, "eval_steps": 100}, 4),
        ({"val_set_size": 0.1, "eval_steps": 90}, 5),
        ({"val_set_size": 0.1, "evals_per_epoch": 4}, 13),
        ({"val_set_size": 0.1, "eval_strategy": "epoch"}, 4),
        ({"eval_steps": 100}, 0),
    ],
)
def test_evaluations(keys: dict[str, Any], evals: int) -> None:
    """At the start, at each stride and at the end of 300 steps; none without rows for it."""
    assert (schedule(recipe(**keys), 1, Rows(800)).evals or 0) == evals


@pytest.mark.parametrize(
    ("keys", "saves"),
    [
        ({}, 3),
        ({"save_strategy": "no"}, 0),
        ({"save_steps": 100}, 3),
        ({"saves_per_epoch": 2}, 6),
        ({"saves_per_epoch": 1, "num_epochs": 1}, 1),
    ],
)
def test_saves(keys: dict[str, Any], saves: int) -> None:
    """After each epoch unless told otherwise, or at each stride and at the end."""
    assert schedule(recipe(**keys), 1, Rows(800)).saves == saves


def test_max_steps_ends_the_run_and_warmup_follows_the_shorter() -> None:
    """Training makes max_steps; the warmup share is of what the data gives, where that is less."""
    found = schedule(recipe(max_steps=1000, warmup_ratio=0.1), 1, Rows(800))

    assert (found.steps, found.warmup) == (1000, 30)


def test_packs_are_dealt_round_and_the_rest_is_dropped() -> None:
    """9 packs on 2 processes, 2 a step: 4 each, 2 steps a pass."""
    packed = recipe(sample_packing=True, gradient_accumulation_steps=2, flash_attention=True)
    found = schedule(packed, 2, Rows(50, tokens=1800, trained=900, bins=9, bins_exact=True))

    assert (found.updates, found.tokens, found.trained) == (2, 800, 400)
    assert found.steps == 6


def test_fewer_packs_than_processes_train_nothing() -> None:
    """A process without a pack makes no step, and the run ends well with none."""
    packed = recipe(sample_packing=True, flash_attention=True)

    assert schedule(packed, 8, Rows(50, tokens=700, bins=4)).updates == 0


def test_real_batches_hold_as_many_packs_as_rows() -> None:
    """With sdpa a batch is micro_batch_size packs, the last one dropped."""
    packed = recipe(sample_packing=True, attn_implementation="sdpa", gradient_accumulation_steps=1)

    assert schedule(packed, 1, Rows(50, tokens=1800, bins=9)).updates == 4


def test_a_row_that_processes_share_counts_once() -> None:
    """Context and tensor parallel processes see the same rows."""
    assert schedule(recipe(context_parallel_size=2), 8, None).shape.rows == 32


def test_nothing_is_guessed_of_data_that_is_not_there() -> None:
    """Without rows there are no steps, unless the YAML names them."""
    assert schedule(recipe(), 8, None).steps is None
    assert schedule(recipe(max_steps=7), 8, None).steps == 7


def test_ddp_false_counts_steps_for_one_process() -> None:
    """Axolotl then does not multiply by the world: 38 steps, though 5 see all the data."""
    found = schedule(recipe(ddp=False), 8, Rows(100))

    assert (found.steps, found.updates) == (38, 2)


@pytest.mark.parametrize(
    ("processes", "accumulation", "factor"), [(1, 4, 1), (2, 2, 2), (4, 1, 4), (8, None, 8)]
)
def test_accumulation_keeps_the_global_batch(
    processes: int, accumulation: int | None, factor: float
) -> None:
    """Divided by the processes, where that comes out whole."""
    found = same_view(recipe(), processes)

    assert (found.accumulation, found.factor) == (accumulation, factor)
    assert found.fitting == (1, 2, 4)


def test_a_kept_global_batch_is_the_same_schedule() -> None:
    """What is advised has the steps of the reference."""
    advised = same_view(recipe(), 4).accumulation
    found = schedule(recipe(gradient_accumulation_steps=advised), 4, Rows(100))

    assert found.steps == schedule(recipe(), 1, Rows(100)).steps


@pytest.mark.parametrize(
    ("optimizer", "rate", "source"), [("adamw_torch", 2e-4, ROOT), ("sgd", 4e-4, LINEAR)]
)
def test_the_rate_follows_the_optimizer_s_rule(optimizer: str, rate: float, source: str) -> None:
    """Square root for Adam, linear for SGD, each with its source."""
    found = same_view(recipe(optimizer=optimizer), 4)

    assert found.rate == pytest.approx(rate)
    assert found.rule == source


def test_the_same_processes_need_no_change() -> None:
    """Nothing is advised where nothing changes."""
    found = same_view(recipe(), 4, reference=4)

    assert (found.rate, found.rule, found.accumulation) == (1e-4, NO_CHANGE, 4)


def test_an_accumulation_without_end() -> None:
    """One that is mistyped is not divided by every number below it."""
    found = same_view(recipe(gradient_accumulation_steps=10**15), 7)

    assert (found.accumulation, found.fitting[-1]) == (None, 1024)
