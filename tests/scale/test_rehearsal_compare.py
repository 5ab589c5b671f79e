"""Two recordings compared: a real rehearsal's, and the same with one mistake put in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.rehearsal.compare import compare
from inspect_tool.scale.rehearsal.facts import Rank, read_ranks
from inspect_tool.scale.rehearsal.recorded import Recorded, Tolerance
from tests.scale.rehearsals import RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.findings import Finding
    from inspect_tool.scale.rehearsal.facts import MicroBatch, Step


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """A LoRA config on one process and on two, as really recorded."""
    (one,) = read_ranks(RECORDING / "one")
    assert one.training is not None
    tolerance = Tolerance.of({}, strategy=Strategy.DDP, largest=one.training.largest)
    return Recorded(one, read_ranks(RECORDING / "many"), Fleet(2), tolerance)


def found(recorded: Recorded, **changes: Any) -> Finding:
    """Return the only finding of a recording with some of its parts changed."""
    (finding,) = compare(replace(recorded, **changes))
    return finding


def process(recorded: Recorded, **changes: Any) -> tuple[Rank, ...]:
    """Return the ranks, each saying something else of itself."""
    return tuple(replace(r, process=replace(r.process, **changes)) for r in recorded.many)


def training(recorded: Recorded, **changes: Any) -> tuple[Rank, ...]:
    """Return the ranks, each with other settings."""
    return tuple(_with_training(rank, **changes) for rank in recorded.many)


def _with_training(rank: Rank, **changes: Any) -> Rank:
    assert rank.training is not None
    return replace(rank, training=replace(rank.training, **changes))


def stepped(rank: Rank, change: Callable[[Step], Step]) -> Rank:
    """Return a rank with every step changed."""
    return replace(rank, steps=tuple(map(change, rank.steps)))


def dealt(recorded: Recorded, deal: Callable[[int, int], list[MicroBatch]]) -> tuple[Rank, ...]:
    """Return the ranks with other micro batches: ``deal`` gets the rank and the step's index."""
    return tuple(
        replace(
            rank,
            steps=tuple(
                replace(step, batches=tuple(deal(rank.process.rank, index)))
                for index, step in enumerate(rank.steps)
            ),
        )
        for rank in recorded.many
    )


def batches(recorded: Recorded, rank: int, step: int) -> list[MicroBatch]:
    """Return what a rank really trained in a step."""
    return list(recorded.many[rank].steps[step].batches)


def test_what_was_recorded_agrees(recorded: Recorded) -> None:
    """One process and two of the same config compute the same."""
    assert compare(recorded) == ()


def test_each_row_is_seen_once(recorded: Recorded) -> None:
    """The two ranks together see what one process sees, none of it twice."""
    many = [row for rank in recorded.many for batch in rank.batches for row in batch.rows]
    one = [row for batch in recorded.one.batches for row in batch.rows]

    assert (sorted(map(str, many)), len(set(many))) == (sorted(map(str, one)), 12)


def test_accumulation_that_was_not_divided(recorded: Recorded) -> None:
    """Twice as many micro batches a step are named, with the ratio."""
    many = dealt(recorded, lambda r, s: batches(recorded, r, s) + batches(recorded, r, (s + 1) % 3))
    finding = found(recorded, many=many)

    assert (finding.code, finding.key) == ("R-ACCUMULATION", "gradient_accumulation_steps")
    assert "2 times" in finding.message


def test_ranks_that_never_talked(recorded: Recorded) -> None:
    """Two copies that each trained alone are named as such, with accelerate's own word."""
    alone = tuple(
        replace(r, process=replace(r.process, heard=(r.process.rank,), distributed="NO", world=1))
        for r in recorded.many
    )

    assert found(recorded, many=alone).code == "R-ALONE"


def test_a_process_that_is_missing(recorded: Recorded) -> None:
    """One process where two were asked for is named: the launcher said nothing."""
    finding = found(recorded, many=recorded.many[:1])

    assert (finding.code, "2 processes were asked for" in finding.message) == ("R-WORLD", True)


def test_another_engine(recorded: Recorded) -> None:
    """DDP where FSDP was asked for is named."""
    assert found(recorded, fleet=Fleet(2, strategy=Strategy.FSDP)).code == "R-ENGINE"


def test_another_zero_stage(recorded: Recorded) -> None:
    """So is ZeRO-2 where ZeRO-3 was asked for."""
    many = process(recorded, distributed="DEEPSPEED", stage=2)
    finding = found(recorded, many=many, fleet=Fleet(2, strategy=Strategy.ZERO3))

    assert finding.message == "zero3 was asked for, DeepSpeed ran stage 2"


def test_gpus_that_talk_over_gloo(recorded: Recorded) -> None:
    """On GPUs the processes must talk over NCCL."""
    assert found(recorded, on_gpus=True).code == "R-BACKEND"


def test_two_main_processes(recorded: Recorded) -> None:
    """Every rank that takes itself for the main one writes the same files."""
    assert found(recorded, many=process(recorded, main=True)).code == "R-MAIN"


def test_a_batch_that_is_repeated(recorded: Recorded) -> None:
    """A rank that trains its first batches over and over is named by its number."""
    many = dealt(recorded, lambda r, s: batches(recorded, r, 0 if r == 1 else s))
    finding = found(recorded, many=many)

    assert finding.code == "R-REPEATED"
    assert finding.message.startswith("rank 1 trains rows that it has trained before; 2 rows")
    assert list(finding.rows) == sorted(
        row for b in batches(recorded, 1, 0) for row in b.rows if row
    )


def test_data_that_is_not_dealt_out(recorded: Recorded) -> None:
    """Ranks that all train the same rows are told apart from one that repeats its own."""
    finding = found(recorded, many=dealt(recorded, lambda _, s: batches(recorded, 0, s)))

    assert finding.message.startswith("ranks train the same rows as each other")


def test_rows_in_another_step(recorded: Recorded) -> None:
    """Rows that come in another order are found by the step that lacks them."""
    many = dealt(recorded, lambda r, s: batches(recorded, r, (s + 1) % 3))

    assert found(recorded, many=many).code == "R-MISSING"


def test_an_order_of_its_own(recorded: Recorded) -> None:
    """Without the seedable sampler other rows come, and the key that says so is named."""
    many = dealt(
        replace(recorded, many=training(recorded, seedable=False)),
        lambda r, s: batches(recorded, r, (s + 1) % 3),
    )
    finding = found(recorded, many=many)

    assert (finding.code, finding.key) == ("R-ORDER", "accelerator_config.use_seedable_sampler")


def test_another_seed(recorded: Recorded) -> None:
    """Seeds that differ are named before what follows from them."""
    many = dealt(
        replace(recorded, many=training(recorded, seed=8)),
        lambda r, s: batches(recorded, r, (s + 1) % 3),
    )

    assert found(recorded, many=many).message == "seeds differ: 7, 8"


def test_other_micro_batches_of_the_same_rows(recorded: Recorded) -> None:
    """The same rows in larger micro batches are another objective: ids alone do not show it."""

    def joined(rank: int, step: int) -> list[MicroBatch]:
        first, second = batches(recorded, rank, step)
        empty = replace(second, ids=(), rows=())
        return [replace(first, ids=first.ids + second.ids, rows=first.rows + second.rows), empty]

    assert found(recorded, many=dealt(recorded, joined)).code == "R-MICRO-BATCH"


def test_another_micro_batch_size(recorded: Recorded) -> None:
    """The setting alone tells as much, with the ratio."""
    finding = found(recorded, many=training(recorded, micro_batch=2))

    assert (finding.code, "2 times" in finding.message) == ("R-MICRO-BATCH", True)


def test_other_rows_on_disk(recorded: Recorded) -> None:
    """Runs that prepared different rows are not compared any further."""
    assert found(recorded, many=training(recorded, data="other")).code == "R-DATA"


def test_fewer_steps(recorded: Recorded) -> None:
    """A run that ends after fewer optimizer steps says how many."""
    many = tuple(replace(rank, steps=rank.steps[:2]) for rank in recorded.many)

    assert found(recorded, many=many).message == "2 optimizer steps instead of 3"


def test_an_adapter_that_was_not_seeded(recorded: Recorded) -> None:
    """Other first weights of the adapter alone are its seed, which no first loss shows."""
    finding = found(recorded, many=training(recorded, trainable="other"))

    assert (finding.code, finding.key) == ("R-ADAPTER", "adapter")


def test_other_base_weights(recorded: Recorded) -> None:
    """Other base weights are not called the adapter's."""
    finding = found(recorded, many=training(recorded, trainable="other", frozen="other"))

    assert finding.code == "R-WEIGHTS"


def test_ranks_that_start_apart(recorded: Recorded) -> None:
    """Ranks with different first weights are named as such."""
    first, second = recorded.many

    assert found(recorded, many=(first, _with_training(second, trainable="x"))).code == "R-WEIGHTS"


def test_a_learning_rate_of_its_own(recorded: Recorded) -> None:
    """Ten per cent more is found at the first step, with the ratio, though the loss is the same."""
    many = tuple(
        stepped(rank, lambda step: replace(step, learning_rate=(step.learning_rate or 0) * 1.1))
        for rank in recorded.many
    )
    finding = found(recorded, many=many)

    assert (finding.code, finding.key) == ("R-LR", "learning_rate")
    assert finding.message == "step 1 has the learning rate 0.0011 instead of 0.001 (1.1 times)"


def test_gradients_that_are_not_averaged(recorded: Recorded) -> None:
    """Ranks that hold different weights in the end have not shared their gradients."""
    first, second = recorded.many

    assert found(recorded, many=(first, replace(second, weights="other"))).code == "R-DRIFT"


def test_tokens_that_all_count_the_same(recorded: Recorded) -> None:
    """A loss over all tokens alike is named, which the mean of micro batches' means is not."""
    step = recorded.one.steps[0]
    total = sum(batch.trained or 0 for batch in step.batches)
    means = [(batch.loss * len(step.batches), batch.trained or 0) for batch in step.batches]
    loss = sum(mean * count for mean, count in means) / total
    many = tuple(
        replace(rank, steps=(replace(rank.steps[0], loss=loss), *rank.steps[1:]))
        for rank in recorded.many
    )

    assert found(recorded, many=many).code == "R-TOKEN-WEIGHTING"


def test_a_loss_that_is_summed(recorded: Recorded) -> None:
    """The sum over the processes is told from their mean."""
    many = tuple(stepped(rank, lambda s: replace(s, loss=2 * s.loss)) for rank in recorded.many)
    finding = found(recorded, many=many)

    assert (finding.code, "the sum over 2 processes" in finding.message) == ("R-LOSS", True)


def test_a_loss_that_is_no_number(recorded: Recorded) -> None:
    """It is said of the step where it begins."""
    many = tuple(stepped(r, lambda s: replace(s, loss=float("nan"))) for r in recorded.many)

    assert found(recorded, many=many).code == "R-NAN"


def test_gradients_that_are_summed(recorded: Recorded) -> None:
    """With the same loss, a gradient norm of twice the size is named by its ratio."""
    many = tuple(
        stepped(rank, lambda s: replace(s, grad_norm=2 * (s.grad_norm or 0)))
        for rank in recorded.many
    )
    finding = found(recorded, many=many)

    assert (finding.code, "(2 times)" in finding.message) == ("R-GRAD-NORM", True)


@pytest.mark.parametrize(("rows", "severity"), [(3, "error"), (9, "info")])
def test_rows_that_do_not_suffice(recorded: Recorded, rows: int, severity: str) -> None:
    """Where the data ends, what is left over is dealt out differently: it is not compared."""
    one = replace(recorded, one=_with_training(recorded.one, rows=rows))
    many = dealt(recorded, lambda r, s: batches(recorded, r, s if s < 2 else 0))
    finding = found(one, many=many)

    assert (finding.code, finding.severity) == ("R-FEW-ROWS", severity)


def test_packs_that_do_not_suffice(recorded: Recorded) -> None:
    """Steps of packed rows are counted in what axolotl's sampler made of them."""
    finding = found(replace(recorded, one=_with_training(recorded.one, packs=9)))

    assert (finding.code, finding.severity) == ("R-FEW-ROWS", "info")
    assert "2 of 3 steps are compared" in finding.message
    assert "in 9 micro batches of packs" in finding.message


@pytest.mark.parametrize(("apart", "codes"), [(3e-6, []), (3e-5, ["R-LOSS"])])
def test_rounding_is_no_difference(recorded: Recorded, apart: float, codes: list[str]) -> None:
    """In float32 a loss may be a hundred-thousandth apart, and no more."""
    many = tuple(
        stepped(rank, lambda s: replace(s, loss=s.loss * (1 + apart))) for rank in recorded.many
    )

    assert [finding.code for finding in compare(replace(recorded, many=many))] == codes


def test_half_precision_is_given_more_room() -> None:
    """bfloat16 rounds more than any mistake that a loss could show in float32."""
    half = Tolerance.of({"bf16": True}, strategy=Strategy.DDP, largest=1)
    full = Tolerance.of({"bf16": False}, strategy=Strategy.DDP, largest=1)

    assert (half.loss, half.grad_norm, full.loss, full.grad_norm) == (5e-3, 3e-2, 1e-5, 1e-5)


def test_norms_in_pieces_are_given_more_room() -> None:
    """A large parameter that is split is summed up in another order; one that is whole is not."""
    split = Tolerance.of({}, strategy=Strategy.FSDP, largest=2_000_000)
    whole = Tolerance.of({}, strategy=Strategy.DDP, largest=2_000_000)

    assert 1e-4 < split.grad_norm < 1e-3
    assert whole.grad_norm == 1e-5
