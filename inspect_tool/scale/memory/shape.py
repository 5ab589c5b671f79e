"""What the real model class says about its size: its tensors, and what its layers keep.

Found by ``probe`` without any memory, kept by ``store``; estimates are arithmetic over it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["linear", "embedding", "head", "norm", "experts", "other"]
Attention = Literal["flash", "sdpa", "eager"]
"""How attention is computed: ``flash`` keeps nothing of sequence x sequence, ``sdpa`` its mask at
most, ``eager`` the scores."""


@dataclass(frozen=True)
class Tensors:
    """Parameters of one name over all layers; the layer's number in ``name`` is a ``*``.

    ``shape`` is the tensor's as PyTorch stores it: a linear layer's is (out, in), experts' begins
    with their number.
    """

    name: str
    shape: tuple[int, ...]
    count: int
    kind: Kind
    block: bool
    """Whether it belongs to the repeated layers."""

    @property
    def each(self) -> int:
        """Elements of one tensor."""
        return math.prod(self.shape)

    @property
    def elements(self) -> int:
        """Elements over all layers."""
        return self.each * self.count


@dataclass(frozen=True)
class Shape:
    """A model's tensors. ``hidden`` is the residual stream's width, ``vocabulary`` the head's."""

    architecture: str
    tensors: tuple[Tensors, ...]
    buffers: int
    """Bytes of registered buffers."""
    layers: int
    wrapped: tuple[str, ...]
    """Classes of the layers that sharding wraps (``_no_split_modules``)."""
    hidden: int
    vocabulary: int
    quantized: str | None = None
    """The method by which the checkpoint itself is quantized."""
    bits: int | None = None
    """How wide its linear layers then are, where that is known."""

    @property
    def parameters(self) -> int:
        """All of them, shared ones once."""
        return sum(item.elements for item in self.tensors)

    @property
    def largest_layer(self) -> int:
        """Elements of the repeated layers' average; with one kind of layer, of each."""
        return sum(item.elements for item in self.tensors if item.block) // max(self.layers, 1)

    @property
    def root(self) -> int:
        """Elements outside the repeated layers: embeddings, head, last norm."""
        return sum(item.elements for item in self.tensors if not item.block)


@dataclass(frozen=True)
class Curve:
    """Bytes that depend on the sequence's length: ``constant + linear * s + square * s * s``."""

    constant: float = 0.0
    linear: float = 0.0
    square: float = 0.0

    def at(self, length: int, rows: int = 1) -> int:
        """Return the bytes of ``rows`` sequences of ``length`` tokens."""
        return round(self.constant + rows * (self.linear * length + self.square * length * length))

    def __add__(self, other: Curve) -> Curve:
        return Curve(
            self.constant + other.constant,
            self.linear + other.linear,
            self.square + other.square,
        )

    def times(self, factor: float) -> Curve:
        """Return the curve of ``factor`` such things."""
        return Curve(self.constant * factor, self.linear * factor, self.square * factor)


@dataclass(frozen=True)
class Variant:
    """One way to run a model that changes what its layers keep for the backward pass.

    ``half``: 16-bit weights under autocast. ``upcast``: embeddings, head and norms in float32.
    ``targets`` are LoRA's, as peft takes them; empty for a full fine-tune.
    """

    half: bool
    attention: Attention
    upcast: bool = False
    targets: tuple[str, ...] = ()
    rank: int = 0
    dropout: bool = False

    @property
    def key(self) -> str:
        """Return a name that differs for every variant."""
        return repr(self)


@dataclass(frozen=True)
class Kept:
    """What one forward pass keeps for the backward pass, bytes.

    ``layers`` is the sum over all layers, ``layer`` the greatest of one; ``entry`` what goes into
    one, all that checkpointing keeps of it; ``rest`` what lies outside the layers, logits left out.
    ``adapters`` are the tensors that peft adds.
    ``measured`` says whether the model's own class was run; otherwise it is a formula for Llama.
    """

    layers: Curve
    layer: Curve
    entry: Curve
    rest: Curve
    measured: bool
    adapters: tuple[Tensors, ...] = ()
    why: str = ""
    """Why it could not be measured."""


@dataclass(frozen=True)
class Model:
    """A model's shape and what each variant of it keeps."""

    shape: Shape
    kept: Mapping[str, Kept]

    def to_json(self) -> dict[str, Any]:
        """Return the form in which it is kept on disk."""
        return {
            "shape": asdict(self.shape),
            "kept": {key: asdict(value) for key, value in self.kept.items()},
        }

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Model:
        """Read what ``to_json`` wrote; raises KeyError, TypeError or ValueError for others."""
        shape = dict(read["shape"])
        tensors = _tensors(shape.pop("tensors"))
        wrapped = tuple(shape.pop("wrapped"))
        kept = {
            key: Kept(
                adapters=_tensors(value.pop("adapters")),
                **{name: _curve(item) for name, item in value.items()},
            )
            for key, value in read["kept"].items()
        }
        return cls(Shape(tensors=tensors, wrapped=wrapped, **shape), kept)


def _tensors(read: list[dict[str, Any]]) -> tuple[Tensors, ...]:
    return tuple(Tensors(**{**item, "shape": tuple(item["shape"])}) for item in read)


def _curve(item: Any) -> Any:
    return Curve(**item) if isinstance(item, dict) else item
