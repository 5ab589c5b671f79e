"""Bytes of what a model is while it trains: weights, adapters, gradients, optimizer state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.scale.fleet import Strategy

if TYPE_CHECKING:
    from inspect_tool.scale.memory.shape import Shape, Tensors
    from inspect_tool.scale.memory.sharding import Sharding
    from inspect_tool.scale.memory.training import Lora, Training

QUANTIZED = {4: 0.5 + 1 / 64 + 4 / 16384, 8: 1.0}
"""Bytes of a quantized weight. 4: NF4 with a byte for 64 weights and a float for 256 of those
(axolotl's default, double quantization); 8: bitsandbytes' int8."""
ADAPTER_WIDTH = 4
"""peft keeps adapters in float32 (``autocast_adapter_dtype``)."""


@dataclass(frozen=True)
class States:
    """Bytes on one GPU, shares taken; ``trained`` in elements before any split.

    ``step`` is what the optimizer's step takes for its while, ``communication`` what strategies
    gather and reduce in, ``host`` what one process keeps in its machine's memory.
    """

    weights: int
    adapters: int
    reference: int
    gradients: int
    optimizer: int
    step: int
    communication: int
    host: int
    trained: int


def states_of(
    shape: Shape, adapters: tuple[Tensors, ...], training: Training, sharding: Sharding
) -> States:
    """Add up every tensor of the model, and the adapters, under a training and its sharding."""
    trained = trained_tensors(shape, adapters, training, sharding)
    copies = sum(item.weights for item in trained if item.extra)
    frozen = sum(item.elements * _width(item, training, sharding) for item in shape.tensors)
    gradients = sum(item.gradients for item in trained)
    state = sum(_state(item, training, sharding) for item in trained)
    copied = sum(item.elements * _master(item, sharding) for item in trained)
    whole = frozen + copies
    weights = frozen / sharding.weights + (frozen if sharding.resident else 0)
    per_gpu = {
        "weights": weights,
        "adapters": copies / sharding.weights,
        "reference": frozen / sharding.weights if training.reference else 0,
        "gradients": gradients / sharding.gradients,
        "optimizer": state / sharding.optimizer,
        "step": training.optimizer.step * copied / sharding.optimizer,
    }
    gone = _offloaded(training, sharding)
    return States(
        **{name: 0 if name in gone else round(size) for name, size in per_gpu.items()},
        communication=round(_communication(shape, sharding, gradients, whole, training)),
        host=round(sum(size for name, size in per_gpu.items() if name in gone)),
        trained=sum(item.elements for item in trained),
    )


@dataclass(frozen=True)
class Trained:
    """Trained parameters of one shape; ``extra``: they come on top of the model's own weights."""

    elements: int
    shape: tuple[int, ...]
    width: int
    embedding: bool = False
    extra: bool = False

    @property
    def weights(self) -> int:
        """Bytes of the parameters themselves."""
        return self.elements * self.width

    @property
    def gradients(self) -> int:
        """Bytes of their gradients, which have the parameters' precision."""
        return self.elements * self.width


def trained_tensors(
    shape: Shape, adapters: tuple[Tensors, ...], training: Training, sharding: Sharding
) -> list[Trained]:
    """Return what is trained: all tensors, or adapters and whole copies of saved modules."""
    lora = training.lora
    if lora is None:
        return [
            Trained(
                item.elements,
                item.shape,
                int(_width(item, training, sharding)),
                embedding=item.kind == "embedding",
            )
            for item in shape.tensors
        ]
    adapter = 2 if sharding.master and training.half and not sharding.wide else ADAPTER_WIDTH
    whole = 2 if training.half and not sharding.wide else 4
    copied = [
        Trained(item.elements, item.shape, whole, item.kind == "embedding", extra=True)
        for item in shape.tensors
        if _named(item.name, lora.saved)
    ]
    share = 1.0 if lora.layers is None else min(1.0, lora.layers / max(shape.layers, 1))
    return copied + [
        Trained(round(elements * share), item.shape, adapter, extra=True)
        for item in adapters
        for elements in (item.elements, *_magnitudes(item, lora))
    ]


def _magnitudes(item: Tensors, lora: Lora) -> tuple[int, ...]:
    """DoRA trains a magnitude for every output besides."""
    return (item.shape[0] * item.count,) if lora.dora and "lora_B" in item.name else ()


def _named(name: str, wanted: tuple[str, ...]) -> bool:
    """Tell as peft does: a module's name, or its end after a dot."""
    module = name.rpartition(".")[0]
    return any(module == item or module.endswith(f".{item}") for item in wanted)


def _width(item: Tensors, training: Training, sharding: Sharding) -> float:
    if training.bits and item.kind == "linear":
        return QUANTIZED[training.bits]
    if not training.half or sharding.wide:
        return 4
    upcast = training.upcast and not sharding.one_precision
    return 4 if upcast and item.kind in {"norm", "embedding", "head"} else 2


def _master(item: Trained, sharding: Sharding) -> int:
    return 4 if sharding.master else item.width


def _state(item: Trained, training: Training, sharding: Sharding) -> float:
    state = training.optimizer.state(
        item.elements,
        width=_master(item, sharding),
        shape=item.shape,
        embedding=item.embedding,
    )
    return state + (4 * item.elements if sharding.master else 0)


def _offloaded(training: Training, sharding: Sharding) -> set[str]:
    gone: set[str] = set()
    if sharding.offload_optimizer:
        gone |= {"optimizer", "step", "gradients"}
    if sharding.offload_weights:
        gone |= {"weights", "adapters", "reference"}
    if training.optimizer.paged:
        gone |= {"optimizer"}
    return gone


def _communication(
    shape: Shape, sharding: Sharding, gradients: int, weights: float, training: Training
) -> float:
    """Return the bytes of what a strategy gathers and reduces in.

    DDP's buckets are as large as the gradients (``gradient_as_bucket_view`` is off); ZeRO-1 and 2
    have a bucket each for reducing and gathering; ZeRO-3 holds four times its largest layer
    (DeepSpeed's docs, memory); FSDP two layers and what lies outside the layers, with gradients.
    """
    if sharding.world == 1:
        return 0
    width = 2 if training.half and not sharding.wide else 4
    by_element = weights / max(shape.parameters, 1)
    if sharding.strategy is Strategy.DDP:
        return gradients
    if sharding.strategy is Strategy.FSDP:
        share = gradients / max(shape.parameters, 1)
        layers = shape.largest_layer * (2 * by_element + share)
        return layers + shape.root * (width + share)
    if sharding.strategy is Strategy.ZERO3:
        outside = max((item.each for item in shape.tensors if not item.block), default=0)
        return 2 * width * max(shape.largest_layer, outside)
    trained = gradients / width
    return 2 * min(sharding.bucket, trained) * width
