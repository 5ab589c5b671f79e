"""The estimate: bytes on each GPU by part, in the phase of a training step that takes most.

Parts are added up from the model's own tensors and from what its layers keep. It is an estimate:
allocators keep some 5 to 15 % more than is asked for, hence the head-room of ``verdict``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.memory.sharding import sharding_of
from inspect_tool.scale.memory.states import states_of
from inspect_tool.scale.memory.training import CHECKPOINTING, training_of, with_strategy
from inspect_tool.scale.strategy import fsdp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from inspect_tool.scale.fleet import Fleet
    from inspect_tool.scale.memory.shape import Kept, Model, Shape
    from inspect_tool.scale.memory.sharding import Sharding
    from inspect_tool.scale.memory.states import States
    from inspect_tool.scale.memory.training import Training

GIB = 1 << 30
Phase = Literal["forward", "backward", "step"]

PARTS = (
    "weights",
    "adapters",
    "reference",
    "gradients",
    "optimizer",
    "activations",
    "logits",
    "communication",
    "step",
    "runtime",
)
"""Names of the parts, in the order in which they are shown."""

RUNTIME = GIB
"""CUDA's context, kernels and cuBLAS' workspace: 0.5 to 1.3 GB have been measured."""
NCCL = GIB // 2
"""Buffers of the communication library, where there is anyone to talk to."""
LOGIT_BYTES = 12
"""Bytes a token and vocabulary entry when the loss goes backward: its log-softmax and two gradients
in float32 (counted in fake tensors, for 16 and 32 bits alike)."""
CHUNKS = 8
"""Pieces in which axolotl's chunked cross entropy goes over the logits."""


@dataclass(frozen=True)
class Memory:
    """Bytes of one GPU.

    ``per_gpu`` is held at the peak and adds up to ``total``; ``most`` is each part's own greatest
    size, whenever that is. ``phases`` are the totals of each phase, ``host`` what one machine's
    memory holds for its processes. ``checkpointing`` is the key that asks for it; ``otherwise``
    are the activations without it, or with it where none does.
    """

    per_gpu: Mapping[str, int]
    most: Mapping[str, int]
    phases: Mapping[Phase, int]
    peak: Phase
    total: int
    host: int
    trained: int
    parameters: int
    otherwise: int
    checkpointing: str | None
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def otherwise_key(self) -> str:
        """With what ``otherwise`` would be so, in words."""
        return f"without {self.checkpointing}" if self.checkpointing else f"with {CHECKPOINTING}"

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/memory.json)."""
        return {
            "per_gpu": dict(self.per_gpu),
            "total": self.total,
            "most": dict(self.most),
            "phases": dict(self.phases),
            "peak": self.peak,
            "host": self.host,
            "activations": {
                "gradient_checkpointing": self.checkpointing is not None,
                "otherwise": self.otherwise,
            },
            "parameters": self.parameters,
            "trained_parameters": self.trained,
            "notes": list(self.notes),
            "unknown": list(self.unknown),
        }


def estimate(
    values: Mapping[str, Any],
    fleet: Fleet,
    model: Model,
    *,
    cwd: Path | None = None,
    longest: int | None = None,
) -> Memory:
    """Estimate one process of ``fleet`` training ``model`` as ``values`` (a config's) say.

    Relative paths start from ``cwd``; ``longest`` is the longest row in tokens, where known. Pure:
    ``model`` must know the training's variant (``plan_variants``), else KeyError. Raises
    InspectError, with the key, for sizes that are none.
    """
    training, sharding, notes = settled(values, fleet, cwd=cwd, longest=longest)
    training = _as_stored(training, model.shape)
    kept = model.kept[training.variant.key]
    states = states_of(model.shape, kept.adapters, training, sharding)
    phases = _phases(model.shape, training, sharding, states, kept)
    totals = {phase: sum(parts.values()) for phase, parts in phases.items()}
    peak = max(totals, key=lambda phase: totals[phase])
    host = (states.host + _host_activations(model.shape, training, kept)) * fleet.per_node
    return Memory(
        per_gpu=phases[peak],
        most={
            **{part: max(phase[part] for phase in phases.values()) for part in PARTS},
            "activations": _most_activations(model.shape, training, kept),
        },
        phases=totals,
        peak=peak,
        total=totals[peak],
        host=host,
        trained=states.trained,
        parameters=model.shape.parameters,
        otherwise=_most_activations(
            model.shape,
            replace(training, checkpointing=None if training.checkpointing else CHECKPOINTING),
            kept,
        ),
        checkpointing=training.checkpointing,
        notes=(*training.notes, *notes, *_remarks(training)),
        unknown=(*training.unknown, *_unknown(model.shape, training, kept)),
    )


def settled(
    values: Mapping[str, Any], fleet: Fleet, *, cwd: Path | None = None, longest: int | None = None
) -> tuple[Training, Sharding, tuple[str, ...]]:
    """Return how one process trains, how the fleet splits it, and notes on the split."""
    training = training_of(values, longest=longest)
    sharding, notes = sharding_of(values, fleet, half=training.half, cwd=cwd)
    own = fleet.strategy is Strategy.FSDP and bool(fsdp_of(values).get("activation_checkpointing"))
    training = with_strategy(training, sharded=sharding.one_precision, checkpointing=own)
    return training, sharding, notes


def _phases(
    shape: Shape, training: Training, sharding: Sharding, states: States, kept: Kept
) -> dict[Phase, dict[str, int]]:
    always = {
        "weights": states.weights,
        "adapters": states.adapters,
        "reference": states.reference,
        "optimizer": states.optimizer,
        "communication": states.communication,
        "runtime": RUNTIME + (NCCL if sharding.world > 1 else 0) + shape.buffers,
    }
    accumulated = states.gradients if training.accumulation > 1 else 0
    held = _activations(shape, training, kept)
    one = kept.layer.at(training.length, training.rows) if training.checkpointing else 0
    begins = held + one + accumulated
    ends = one + states.gradients
    backward = (held + one, accumulated) if begins >= ends else (one, states.gradients)
    return {
        "forward": _filled(
            always,
            activations=held,
            gradients=accumulated,
            logits=_logits(shape, training),
        ),
        "backward": _filled(always, activations=backward[0], gradients=backward[1]),
        "step": _filled(always, gradients=states.gradients, step=states.step),
    }


def _filled(always: Mapping[str, int], **parts: int) -> dict[str, int]:
    found = {**always, **parts}
    return {part: found.get(part, 0) for part in PARTS}


def _activations(shape: Shape, training: Training, kept: Kept) -> int:
    """Return what forward leaves for backward: all of each layer, or its input alone."""
    rest = kept.rest.at(training.length, training.rows)
    if not training.checkpointing:
        return rest + kept.layers.at(training.length, training.rows)
    entry = kept.entry.at(training.length, training.rows)
    return rest + entry * (min(2, shape.layers) if training.offload_activations else shape.layers)


def _most_activations(shape: Shape, training: Training, kept: Kept) -> int:
    """Return the most that activations take; under checkpointing a layer is run again."""
    one = kept.layer.at(training.length, training.rows) if training.checkpointing else 0
    return _activations(shape, training, kept) + one


def _host_activations(shape: Shape, training: Training, kept: Kept) -> int:
    if not (training.checkpointing and training.offload_activations):
        return 0
    return kept.entry.at(training.length, training.rows) * shape.layers


def _logits(shape: Shape, training: Training) -> int:
    if not training.head:
        return 0
    tokens = training.tokens
    if training.fused_loss == "chunked_cross_entropy":
        tokens = -(-tokens // CHUNKS)
    elif training.fused_loss:
        return 0
    return tokens * shape.vocabulary * LOGIT_BYTES


def _remarks(training: Training) -> Iterable[str]:
    if training.optimizer.paged:
        yield f"optimizer: {training.optimizer.name} is paged: its state counts as the host's"
    if training.bits == 8:
        yield "8-bit layers compute in 16 bits: a layer at a time is more than is counted"


def _as_stored(training: Training, shape: Shape) -> Training:
    """Return the training with the width of a checkpoint that is quantized already."""
    stored = training.lora is not None and training.bits is None
    return replace(training, bits=shape.bits) if stored else training


def _unknown(shape: Shape, training: Training, kept: Kept) -> Iterable[str]:
    if not kept.measured:
        yield f"activations: those of a Llama of this size, its class could not be run: {kept.why}"
    if shape.quantized and training.bits is None:
        yield f"weights: counted as 16-bit, the checkpoint is quantized ({shape.quantized})"
