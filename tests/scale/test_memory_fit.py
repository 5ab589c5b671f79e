"""Whether an estimate fits a GPU, and what to change so that it does."""

from __future__ import annotations

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.advice import Change, advise
from inspect_tool.scale.memory.estimate import estimate
from inspect_tool.scale.memory.gpus import KNOWN, MIB, Card, card_of, fit
from tests.scale.memory_models import FULL, LORA, PARAMETERS, by_hand

VALUES = {**FULL, "micro_batch_size": 4, "sequence_len": 4096, "optimizer": "adamw_torch_fused"}


def advised(share: float, fleet: Fleet | None = None, **keys: object) -> tuple[Change, ...]:
    """Advise on a card that has ``share`` of what the config takes."""
    values, fleet = {**VALUES, **keys}, fleet or Fleet(1)
    model = by_hand(values, fleet)
    total = estimate(values, fleet, model).total
    return advise(values, fleet, model, Card("card", round(share * total)))


@pytest.mark.parametrize(
    ("total", "said"), [(80, "fits"), (81, "tight"), (100, "tight"), (101, "does not fit")]
)
def test_a_fifth_of_the_card_stays_free(total: int, said: str) -> None:
    """Less than a fifth left is tight."""
    assert fit(total, Card("card", 100)) == said


def test_what_fits_needs_no_change() -> None:
    """There is no advice where none is needed."""
    assert advised(2.0) == ()


def test_first_change_that_is_enough_is_the_only_one() -> None:
    """Changes without which the others are enough are left out."""
    changes = advised(0.9)

    assert len(changes) == 1
    assert changes[0].fit == "fits"


def test_every_change_is_estimated() -> None:
    """Each one upon the other takes less, and only the last one fits."""
    changes = advised(0.3)

    totals = [change.total for change in changes]
    assert totals == sorted(totals, reverse=True)
    assert [change.fit == "fits" for change in changes] == [False] * (len(changes) - 1) + [True]


def test_not_even_all_changes_are_enough() -> None:
    """Then the last one says that it does not fit."""
    changes = advised(0.001)

    assert changes
    assert changes[-1].fit == "does not fit"


def test_what_is_there_already_is_not_advised() -> None:
    """No change is named that the config has made."""
    changes = advised(0.001, gradient_checkpointing=True, micro_batch_size=1)

    named = " ".join(change.what for change in changes)

    assert "gradient_checkpointing" not in named
    assert "micro_batch_size" not in named


def test_strategies_are_for_several_processes() -> None:
    """One process is not told to split; eight are."""
    alone = " ".join(change.what for change in advised(0.001))
    many = " ".join(change.what for change in advised(0.2, Fleet(8)))

    assert "--strategy" not in alone
    assert "--strategy" in many


def test_float32_is_told_of_sixteen_bits() -> None:
    """What trains in float32 is first told of bfloat16."""
    assert advised(0.001, bf16=False)[0].what == "bf16: true"


def test_adapters_are_advised_last() -> None:
    """What changes what is trained comes after all that does not."""
    changes = [change.what for change in advised(0.001)]

    first = next(at for at, what in enumerate(changes) if "lora" in what)
    assert all("lora" in what for what in changes[first:])


def test_advice_holds_for_adapters_too() -> None:
    """A LoRA run is told to quantize."""
    values = {**LORA, "micro_batch_size": 1}
    model = by_hand(values)

    changes = advise(values, Fleet(1), model, Card("card", PARAMETERS))

    assert any("qlora" in change.what for change in changes)


def test_zero3_is_not_told_to_split_further() -> None:
    """Where weights are split already, no strategy is advised."""
    named = " ".join(item.what for item in advised(0.001, Fleet(8, 1, Strategy.ZERO3)))

    assert "--strategy" not in named


@pytest.mark.parametrize(("optimizer", "told"), [("adamw_torch", True), ("adamw_8bit", False)])
def test_split_weights_may_lie_on_the_host(optimizer: str, told: bool) -> None:
    """Under FSDP what does not fit is told of offloading, where the optimizer steps on a CPU."""
    fleet = Fleet(2, 1, Strategy.FSDP)
    named = [item.what for item in advised(0.2, fleet, optimizer=optimizer)]

    assert ("fsdp_config.offload_params: true" in named) is told


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("h100-80gb", KNOWN["h100-80gb"] * MIB),
        ("NVIDIA H100 80GB", KNOWN["h100-80gb"] * MIB),
        ("A100", KNOWN["a100-80gb"] * MIB),
        ("rtx_4090", KNOWN["rtx-4090"] * MIB),
        ("24gb", 24 << 30),
        ("11.5 GiB", round(11.5 * (1 << 30))),
    ],
)
def test_cards_by_name_and_size(name: str, size: int) -> None:
    """Names are taken as people write them."""
    assert card_of(name).size == size


@pytest.mark.parametrize("name", ["voodoo", "0gb", "", "gb"])
def test_other_cards_are_refused_with_the_known_ones(name: str) -> None:
    """The error lists what can be named."""
    with pytest.raises(InspectError, match="h100-80gb"):
        card_of(name)
