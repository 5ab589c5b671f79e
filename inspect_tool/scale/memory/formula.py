"""What a layer keeps, by formula: for a model whose own code cannot be run without weights.

The figures are those of a Llama layer (measured with saved_tensors_hooks; the constants are bytes
a token, times the width and times the MLP's), so for another architecture they are a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.scale.memory.shape import Curve, Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.scale.memory.shape import Shape, Tensors, Variant

FULL = {True: (24.0, 8.0), False: (40.0, 16.0)}
"""By 16-bit or not: bytes a token per unit of width, and of the MLP's width."""
ADAPTED = {True: (30.75, 8.75), False: (32.0, 16.0)}
DROPPED_OUT = {True: (54.75, 12.75), False: (80.0, 24.0)}
SCORES = {True: 6.0, False: 8.0}
"""Bytes a head and pair of tokens that eager attention keeps."""


def kept_by_formula(
    config: Mapping[str, Any],
    variant: Variant,
    shape: Shape,
    adapters: tuple[Tensors, ...],
    *,
    why: str,
) -> Kept:
    """Return what a Llama of that width and depth keeps; ``why``: what kept it from being run."""
    text = config.get("text_config") or config
    table = DROPPED_OUT if variant.dropout else ADAPTED if variant.targets else FULL
    wide, mlp = table[variant.half]
    active = int(text.get("num_experts_per_tok") or 1)
    sizes = (text.get(key) for key in ("moe_intermediate_size", "intermediate_size", "n_inner"))
    inner = next((int(size) for size in sizes if isinstance(size, int)), 4 * shape.hidden) * active
    heads = int(text.get("num_attention_heads") or text.get("n_head") or 0)
    square = SCORES[variant.half] * heads if variant.attention == "eager" else 0.0
    layer = Curve(linear=wide * shape.hidden + mlp * inner, square=square)
    entry = Curve(linear=(2 if variant.half and not variant.upcast else 4) * shape.hidden)
    return Kept(
        layers=layer.times(shape.layers),
        layer=layer,
        entry=entry,
        rest=entry.times(4),
        adapters=adapters,
        measured=False,
        why=why,
    )
