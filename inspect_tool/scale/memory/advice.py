"""What to change so that a config fits: each change is estimated, none is a rule of thumb.

Changes that leave the result as it is come first, then those that cost time, then those that change
what is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.estimate import estimate, settled
from inspect_tool.scale.memory.gpus import fit
from inspect_tool.scale.memory.training import CHECKPOINTING
from inspect_tool.scale.strategy import fsdp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from inspect_tool.scale.memory.gpus import Card
    from inspect_tool.scale.memory.shape import Model, Variant
    from inspect_tool.scale.memory.training import Training

    Values = Mapping[str, Any]

CUT_CROSS_ENTROPY = "axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"
_ON_GPUS = ("8bit", "bnb")
"""In names of optimizers that step on a GPU alone."""
SAVES = 0.98
"""What must be left after a change for it to be worth its cost."""


@dataclass(frozen=True)
class Change:
    """One change, and the estimate with it and all before it. ``costs`` is what it is paid with."""

    what: str
    costs: str
    total: int
    fit: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form."""
        return {"what": self.what, "costs": self.costs, "total": self.total, "fit": self.fit}


@dataclass(frozen=True)
class Step:
    """A change to try: what it is called, what it costs, and the config and fleet with it."""

    what: str
    costs: str
    change: Callable[[Values, Fleet], tuple[Values, Fleet]]
    needed: Callable[[Training, Fleet], bool]


def _keys(**changes: Any) -> Callable[[Values, Fleet], tuple[Values, Fleet]]:
    return lambda values, fleet: ({**values, **changes}, fleet)


def _one_row(values: Values, fleet: Fleet) -> tuple[Values, Fleet]:
    rows = int(values.get("micro_batch_size") or 1)
    steps = int(values.get("gradient_accumulation_steps") or 1) * rows
    return {**values, "micro_batch_size": 1, "gradient_accumulation_steps": steps}, fleet


def _fused(values: Values, fleet: Fleet) -> tuple[Values, Fleet]:
    plugins = [*(values.get("plugins") or ()), CUT_CROSS_ENTROPY]
    return {**values, "plugins": plugins, "cut_cross_entropy": True}, fleet


def _strategy(strategy: Strategy) -> Callable[[Values, Fleet], tuple[Values, Fleet]]:
    dropped = ("deepspeed", "fsdp", "fsdp_config", "fsdp_version")

    def change(values: Values, fleet: Fleet) -> tuple[Values, Fleet]:
        kept = {key: value for key, value in values.items() if key not in dropped}
        return kept, replace(fleet, strategy=strategy)

    return change


def _offloaded(values: Values, fleet: Fleet) -> tuple[Values, Fleet]:
    written = fsdp_of(values) or {"fsdp_version": 2}
    return {**values, "fsdp_config": {**written, "offload_params": True}}, fleet


def _lora(**changes: Any) -> Callable[[Values, Fleet], tuple[Values, Fleet]]:
    defaults = {"lora_r": 16, "lora_alpha": 32, "lora_target_linear": True}

    def change(values: Values, fleet: Fleet) -> tuple[Values, Fleet]:
        given = {key: values.get(key) or default for key, default in defaults.items()}
        return {**values, **given, **changes}, fleet

    return change


def _state_is_large(training: Training) -> bool:
    width = training.optimizer.width
    return not training.optimizer.factored and training.optimizer.slots * (width or 2) > 2.1


STEPS = (
    Step(
        "bf16: true",
        "16-bit weights and states; needs Ampere or later",
        _keys(bf16=True, fp16=False, float16=False),
        lambda training, _: not training.half,
    ),
    Step(
        "plugins: CutCrossEntropyPlugin",
        "needs cut_cross_entropy installed",
        _fused,
        lambda training, _: training.head and training.fused_loss is None and training.half,
    ),
    Step(
        "attn_implementation: flash_attention_2",
        "needs flash-attn installed",
        _keys(attn_implementation="flash_attention_2", sdp_attention=None, eager_attention=None),
        lambda training, _: training.attention != "flash" and training.half,
    ),
    Step(
        "micro_batch_size: 1, accumulation times as much",
        "slower; the loss then weighs rows otherwise",
        _one_row,
        lambda training, _: training.micro_batch > 1,
    ),
    Step(
        "gradient_checkpointing: true",
        "a forward pass more, some 30 % slower",
        _keys(gradient_checkpointing=True),
        lambda training, _: not training.checkpointing,
    ),
    Step(
        "optimizer: adamw_bnb_8bit",
        "8-bit optimizer state",
        _keys(optimizer="adamw_bnb_8bit"),
        lambda training, fleet: (
            _state_is_large(training) and fleet.strategy is Strategy.DDP and training.lora is None
        ),
    ),
    Step(
        "--strategy zero2",
        "DeepSpeed installed",
        _strategy(Strategy.ZERO2),
        lambda _, fleet: fleet.processes > 1 and fleet.strategy in {Strategy.DDP, Strategy.ZERO1},
    ),
    Step(
        "--strategy fsdp",
        "weights travel at each step",
        _strategy(Strategy.FSDP),
        lambda _, fleet: (
            fleet.processes > 1 and fleet.strategy not in {Strategy.FSDP, Strategy.ZERO3}
        ),
    ),
    Step(
        "activation_offloading: true",
        "activations travel to the host and back",
        _keys(activation_offloading=True, gradient_checkpointing=True),
        lambda training, _: (
            training.checkpointing == CHECKPOINTING and not training.offload_activations
        ),
    ),
    Step(
        "fsdp_config.offload_params: true",
        "weights and states in the machine's memory: slow steps",
        _offloaded,
        lambda training, fleet: (
            fleet.strategy is Strategy.FSDP
            and not any(word in training.optimizer.name for word in _ON_GPUS)
        ),
    ),
    Step(
        "adapter: lora, lora_r: 16, lora_target_linear: true",
        "trains adapters, not the model",
        _lora(adapter="lora"),
        lambda training, _: training.lora is None,
    ),
    Step(
        "adapter: qlora, load_in_4bit: true",
        "4-bit weights, slower",
        _lora(adapter="qlora", load_in_4bit=True, load_in_8bit=False),
        lambda training, _: training.lora is not None and training.bits != 4,
    ),
)


def plan_variants(values: Values, fleet: Fleet, *, cwd: Path | None = None) -> tuple[Variant, ...]:
    """Return the variants that the config itself and every advised change needs."""
    found = [settled(values, fleet, cwd=cwd)[0].variant]
    for values_now, fleet_now in _each(values, fleet, cwd):
        found.append(settled(values_now, fleet_now, cwd=cwd)[0].variant)
    return tuple(dict.fromkeys(found))


def advise(
    values: Values,
    fleet: Fleet,
    model: Model,
    card: Card,
    *,
    cwd: Path | None = None,
    longest: int | None = None,
) -> tuple[Change, ...]:
    """Return changes, one upon the other, up to the first with which it fits ``card``.

    Empty where it fits as it is. Changes that save nothing, and those without which the others are
    enough, are left out. The last one's ``fit`` says whether all of them are enough.
    """

    def total(values: Values, fleet: Fleet) -> int:
        return estimate(values, fleet, model, cwd=cwd, longest=longest).total

    def taken(steps: Iterable[Step]) -> tuple[Change, ...]:
        made, at = [], (values, fleet)
        now = total(*at)
        for step in steps:
            if fit(now, card) == "fits":
                break
            if not step.needed(settled(*at, cwd=cwd)[0], at[1]):
                continue
            tried = step.change(*at)
            after = total(*tried)
            if after <= SAVES * now:
                at, now = tried, after
                made.append(Change(step.what, step.costs, after, fit(after, card)))
        return tuple(made)

    return _without_spare(taken, taken(STEPS))


def _without_spare(
    taken: Callable[[Iterable[Step]], tuple[Change, ...]], made: tuple[Change, ...]
) -> tuple[Change, ...]:
    """Leave out every change without which the later ones are enough."""
    by_name = {step.what: step for step in STEPS}
    for change in made:
        others = [by_name[other.what] for other in made if other is not change]
        shorter = taken(others)
        if shorter and shorter[-1].fit == "fits":
            return _without_spare(taken, shorter)
    return made


def _each(values: Values, fleet: Fleet, cwd: Path | None) -> Iterator[tuple[Values, Fleet]]:
    """Yield every combination that ``advise`` may come through that runs the model otherwise."""
    seen: list[tuple[Values, Fleet]] = [(values, fleet)]
    for step in STEPS:
        for known in tuple(seen):
            if step.needed(settled(*known, cwd=cwd)[0], known[1]):
                tried = step.change(*known)
                variant = settled(*tried, cwd=cwd)[0].variant
                if all(settled(*other, cwd=cwd)[0].variant != variant for other in seen):
                    seen.append(tried)
    yield from seen[1:]
